# CLIP-ES on the built-in data, with a tiny CLIP trained there. Extra [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_shapes_recipe.py
_CLIP = 'model.clip.checkpoint'
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    clip=dict(config='../fma/clip_vit-tiny_shapes.py', action='train'),
    seeds=dict(
        config='clip-es_vit-tiny_shapes.py', action='test', inputs={_CLIP: 'clip.checkpoint'}
    ),
    labels=dict(config='crf-photo.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    # Nothing is pretrained here but what has learned the tags: the plain CAM's network.
    cam=dict(config='../cam/cam_r18_shapes.py', action='train'),
    segmentor=dict(
        config='deeplabv3plus_r18_clip-es_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'labels.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    predict_train=dict(
        config='deeplabv3plus_r18_clip-es_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='CLIP-ES on the built-in data set',
    scores='seeds.scores',
    masks='labels.masks',
    predictions='predict_train.masks',
    limit=60,
)
