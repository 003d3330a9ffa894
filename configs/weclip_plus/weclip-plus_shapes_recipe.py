# WeCLIP+ on the built-in data, with a tiny CLIP trained there. Extra [clip]:
# python tools/pipeline.py configs/weclip_plus/weclip-plus_shapes_recipe.py
_FROZEN = {'model.clip.checkpoint': 'clip.checkpoint', 'model.second.checkpoint': 'cam.checkpoint'}
_TRAINED = {**_FROZEN, 'load_from': 'train.checkpoint'}

variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    clip=dict(config='../weclip/clip_vit-tiny-deep_shapes.py', action='train'),
    cam=dict(config='../cam/cam_r18_shapes.py', action='train'),
    train=dict(config='weclip-plus_vit-tiny_shapes.py', action='train', inputs=_FROZEN),
    seeds=dict(config='weclip-plus_vit-tiny-seeds_shapes.py', action='test', inputs=_TRAINED),
    # Without tags.
    predict_train=dict(
        config='weclip-plus_vit-tiny_shapes.py',
        action='test',
        inputs=_TRAINED,
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='WeCLIP+ on the built-in data set',
    scores='seeds.scores',
    predictions='predict_train.masks',
    limit=60,
)
