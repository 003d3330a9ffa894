# From tags to a segmentor on the built-in data set, in minutes on two CPU cores:
# python tools/pipeline.py configs/demo/demo_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = [
    dict(name='cam', config='../cam/cam_r18_shapes.py', action='train'),
    dict(
        name='seeds_train',
        config='../cam/cam_r18_shapes.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='seeds_val', like='seeds_train', cfg_options={'test_dataloader.dataset.split': 'val'}
    ),
    dict(
        name='masks_train',
        config='../refine/par-masks.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
    ),
    dict(
        name='masks_val',
        like='masks_train',
        inputs={_SEEDS: 'seeds_val.scores'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
    dict(
        name='segmentor',
        config='deeplabv3plus_r18_cam_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks_train.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    dict(
        name='predict_train',
        config='deeplabv3plus_r18_cam_shapes.py',
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
    title='Demo: from tags to a segmentor',
    scores='seeds_train.scores',
    masks='masks_train.masks',
    predictions='predict_train.masks',
    limit=60,
)
