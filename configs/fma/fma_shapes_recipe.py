# FMA-WSSS on the built-in data, with a tiny CLIP trained there and colour regions in SAM's place:
# python tools/pipeline.py configs/fma/fma_shapes_recipe.py
_CLIP = {'model.clip.checkpoint': 'clip.checkpoint'}
_MASKS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'
_PROPOSALS = {'test_dataloader.dataset.pipeline.LoadProposals.store': 'proposals.proposals'}

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    clip=dict(config='clip_vit-tiny_shapes.py', action='train'),
    proposals=dict(config='../proposals/regions-small.py', action='test'),
    cls=dict(config='fma_vit-tiny-cls_shapes.py', action='train', inputs=_CLIP),
    coarse=dict(
        config='fma_vit-tiny-cls-masks_shapes.py',
        action='test',
        inputs={**_CLIP, 'load_from': 'cls.checkpoint', **_PROPOSALS},
    ),
    seg=dict(
        config='fma_vit-tiny-seg_shapes.py',
        action='train',
        inputs={**_CLIP, _MASKS: 'coarse.masks'},
    ),
    fine=dict(
        config='fma_vit-tiny-seg-masks_shapes.py',
        action='test',
        inputs={**_CLIP, 'load_from': 'seg.checkpoint', **_PROPOSALS},
    ),
    # Nothing is pretrained here but what has learned the tags: the plain CAM's network.
    cam=dict(config='../cam/cam_r18_shapes.py', action='train'),
    segmentor=dict(
        config='deeplabv3plus_r18_fma_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'fine.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    predict_train=dict(
        config='deeplabv3plus_r18_fma_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='FMA-WSSS on the built-in data set',
    masks='fine.masks',
    predictions='predict_train.masks',
    limit=60,
)
