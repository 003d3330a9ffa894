# From tags to a segmentor on the built-in data set, in minutes on two CPU cores:
# python tools/pipeline.py configs/demo/demo_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    cam=dict(config='../cam/cam_r18_shapes.py', action='train'),
    seeds_train=dict(
        config='../cam/cam_r18_shapes.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    seeds_val=dict(like='seeds_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
    masks_train=dict(
        config='../refine/par-masks.py', action='test', inputs={_SEEDS: 'seeds_train.scores'}
    ),
    masks_val=dict(
        like='masks_train',
        inputs={_SEEDS: 'seeds_val.scores'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
    segmentor=dict(
        config='deeplabv3plus_r18_cam_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks_train.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    predict_train=dict(
        config='deeplabv3plus_r18_cam_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='Demo: from tags to a segmentor',
    scores='seeds_train.scores',
    masks='masks_train.masks',
    predictions='predict_train.masks',
    limit=60,
)
