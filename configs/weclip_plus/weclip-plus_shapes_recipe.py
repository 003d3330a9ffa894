# WeCLIP+ on the built-in data, with a tiny CLIP trained there. Extra [clip]:
# python tools/pipeline.py configs/weclip_plus/weclip-plus_shapes_recipe.py
_CLIP = 'model.clip.checkpoint'
_SECOND = 'model.second.checkpoint'

variables = dict(SHAPES_ROOT='data/shapes')

recipe = [
    dict(name='clip', config='../weclip/clip_vit-tiny-deep_shapes.py', action='train'),
    dict(name='cam', config='../cam/cam_r18_shapes.py', action='train'),
    dict(
        name='train',
        config='weclip-plus_vit-tiny_shapes.py',
        action='train',
        inputs={_CLIP: 'clip.checkpoint', _SECOND: 'cam.checkpoint'},
    ),
    dict(
        name='seeds',
        config='weclip-plus_vit-tiny-seeds_shapes.py',
        action='test',
        inputs={
            _CLIP: 'clip.checkpoint',
            _SECOND: 'cam.checkpoint',
            'load_from': 'train.checkpoint',
        },
    ),
    # Without tags.
    dict(
        name='predict_train',
        config='weclip-plus_vit-tiny_shapes.py',
        action='test',
        inputs={
            _CLIP: 'clip.checkpoint',
            _SECOND: 'cam.checkpoint',
            'load_from': 'train.checkpoint',
        },
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    dict(
        name='predict_val',
        like='predict_train',
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
]
report = dict(
    title='WeCLIP+ on the built-in data set',
    scores='seeds.scores',
    predictions='predict_train.masks',
    limit=60,
)
