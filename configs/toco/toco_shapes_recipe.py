# ToCo on the built-in data set, on the features of a plain CAM network:
# python tools/pipeline.py configs/toco/toco_shapes_recipe.py
# `val` is the segmentation, for which no image-level labels are needed; `seeds_train` are the class
# activation maps of the training photos, whose labels are known.
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    cam=dict(config='../cam/cam_r18_shapes.py', action='train'),
    toco=dict(
        config='toco_vit-tiny_shapes.py',
        action='train',
        inputs={'model.network.backbone.stem.init_cfg.checkpoint': 'cam.checkpoint'},
    ),
    val=dict(
        config='toco_vit-tiny_shapes.py', action='test', inputs={'load_from': 'toco.checkpoint'}
    ),
    seeds_train=dict(
        like='val',
        cfg_options={
            'model.test_cfg.seeds': True,
            'test_dataloader.dataset.split': 'train',
            'test_cfg.kind': 'scores',
            'test_evaluator.type': 'SeedMetric',
            'test_evaluator.prefix': 'seeds',
        },
    ),
    predict_train=dict(like='val', cfg_options={'test_dataloader.dataset.split': 'train'}),
)
report = dict(
    title='ToCo on the built-in data set',
    scores='seeds_train.scores',
    masks='predict_train.masks',
    limit=60,
)
