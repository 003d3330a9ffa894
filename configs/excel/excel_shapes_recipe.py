# ExCEL on the built-in data, with a tiny CLIP trained there. Extra [clip]:
# python tools/pipeline.py configs/excel/excel_shapes_recipe.py
_CLIP = 'model.clip.checkpoint'
_TRAINED = {_CLIP: 'clip.checkpoint', 'load_from': 'train.checkpoint'}

variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    clip=dict(config='../weclip/clip_vit-tiny-deep_shapes.py', action='train'),
    # What CLIP's similarities say, before anything is learned from them.
    no_training=dict(
        config='excel_vit-tiny-seeds_shapes.py',
        action='test',
        inputs={_CLIP: 'clip.checkpoint'},
        cfg_options={'model.test_cfg.learnt': False, 'model.test_cfg.threshold': 0.79},
    ),
    train=dict(
        config='excel_vit-tiny_shapes.py', action='train', inputs={_CLIP: 'clip.checkpoint'}
    ),
    seeds=dict(config='excel_vit-tiny-seeds_shapes.py', action='test', inputs=_TRAINED),
    # Without tags.
    predict_train=dict(
        config='excel_vit-tiny_shapes.py',
        action='test',
        inputs=_TRAINED,
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='ExCEL on the built-in data set',
    scores='seeds.scores',
    predictions='predict_train.masks',
    limit=60,
)
