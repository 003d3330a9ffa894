# S2C on the built-in data set, with colour regions in SAM's place, down to a segmentor:
# python tools/pipeline.py configs/s2c/s2c_shapes_recipe.py
_PIPELINE = 'dataset.pipeline'
_SEEDS = f'test_dataloader.{_PIPELINE}.LoadSeeds.store'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    proposals=dict(config='../proposals/regions-small.py', action='test'),
    s2c=dict(
        config='s2c_r18_shapes.py',
        action='train',
        inputs={f'train_dataloader.{_PIPELINE}.LoadProposals.store': 'proposals.proposals'},
    ),
    seeds=dict(config='s2c_r18_shapes.py', action='test', inputs={'load_from': 's2c.checkpoint'}),
    masks=dict(config='../refine/par-masks.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    segmentor=dict(
        config='deeplabv3plus_r18_s2c_shapes.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks.masks',
            'model.backbone.init_cfg.checkpoint': 's2c.checkpoint',
        },
    ),
    predict_train=dict(
        config='deeplabv3plus_r18_s2c_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    predict_val=dict(like='predict_train', cfg_options={'test_dataloader.dataset.split': 'val'}),
)
report = dict(
    title='S2C on the built-in data set',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict_train.masks',
    limit=60,
)
