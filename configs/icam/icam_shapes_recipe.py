# ICAM on the built-in data set, all three stages in small: CAM network, AffinityNet, DeepLab-v1.
# Run:
# python tools/pipeline.py configs/icam/icam_shapes_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    plain=dict(config='icam_r18-plain_{data}.py', action='train'),
    cam=dict(config='icam_r18_{data}.py', action='train', inputs={'load_from': 'plain.checkpoint'}),
    seeds=dict(config='icam_r18_{data}.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    crf_low=dict(
        config='../refine/crf.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.alpha': 2},
    ),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.alpha': 4}),
    aff=dict(
        config='psa_r18_icam_{data}.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    walk=dict(
        config='psa_r18_icam_{data}.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _WEIGHTS: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    final=dict(
        config='largefov_r18_icam_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    predict_val=dict(
        config='largefov_r18_icam_{data}.py',
        action='test',
        inputs={'load_from': 'final.checkpoint'},
    ),
)
report = dict(title='ICAM on the built-in data set', scores='seeds.scores', masks='walk.masks')
