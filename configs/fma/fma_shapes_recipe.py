# FMA-WSSS on the built-in data, with a tiny CLIP trained there and colour regions in SAM's place:
# python tools/pipeline.py configs/fma/fma_shapes_recipe.py
_CLIP = 'model.clip.checkpoint'
_MASKS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'
_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = [
    dict(name='clip', config='clip_vit-tiny_shapes.py', action='train'),
    dict(name='proposals', config='../proposals/regions-small.py', action='test'),
    dict(
        name='cls',
        config='fma_vit-tiny-cls_shapes.py',
        action='train',
        inputs={_CLIP: 'clip.checkpoint'},
    ),
    dict(
        name='coarse',
        config='fma_vit-tiny-cls-masks_shapes.py',
        action='test',
        inputs={
            _CLIP: 'clip.checkpoint',
            'load_from': 'cls.checkpoint',
            _PROPOSALS: 'proposals.proposals',
        },
    ),
    dict(
        name='seg',
        config='fma_vit-tiny-seg_shapes.py',
        action='train',
        inputs={
            _CLIP: 'clip.checkpoint',
            _MASKS: 'coarse.masks',
        },
    ),
    dict(
        name='fine',
        config='fma_vit-tiny-seg-masks_shapes.py',
        action='test',
        inputs={
            _CLIP: 'clip.checkpoint',
            'load_from': 'seg.checkpoint',
            _PROPOSALS: 'proposals.proposals',
        },
    ),
    # Nothing is pretrained here but what has learned the tags: the plain CAM's network.
    dict(name='cam', config='../cam/cam_r18_shapes.py', action='train'),
    dict(
        name='segmentor',
        config='deeplabv3plus_r18_fma_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'fine.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    dict(
        name='predict_train',
        config='deeplabv3plus_r18_fma_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    dict(
        name='predict_val',
        like='predict_train',
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
]
report = dict(
    title='FMA-WSSS on the built-in data set',
    masks='fine.masks',
    predictions='predict_train.masks',
    limit=60,
)
