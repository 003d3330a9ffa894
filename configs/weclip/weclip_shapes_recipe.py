# WeCLIP on the built-in data, with a tiny CLIP trained there. Extra [clip]:
# python tools/pipeline.py configs/weclip/weclip_shapes_recipe.py
_CLIP = 'model.clip.checkpoint'
_TRAINED = {_CLIP: 'clip.checkpoint', 'load_from': 'train.checkpoint'}

variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    clip=dict(config='clip_vit-tiny-deep_shapes.py', action='train'),
    # What CLIP alone says, before anything is learned from it.
    clip_es=dict(
        config='../clip_es/clip-es_vit-tiny_shapes.py',
        action='test',
        inputs={_CLIP: 'clip.checkpoint'},
        cfg_options={'model.clip.arch.vision_layers': 3, 'model.test_cfg.caa.layers': 2},
    ),
    train=dict(
        config='weclip_vit-tiny_shapes.py', action='train', inputs={_CLIP: 'clip.checkpoint'}
    ),
    seeds=dict(config='weclip_vit-tiny-seeds_shapes.py', action='test', inputs=_TRAINED),
    # Without tags.
    predict_train=dict(
        config='weclip_vit-tiny_shapes.py',
        action='test',
        inputs=_TRAINED,
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='WeCLIP on the built-in data set',
    scores='seeds.scores',
    predictions='predict_train.masks',
    limit=60,
)
