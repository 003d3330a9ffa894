# ICAM on the built-in data set, all three stages in small: CAM network, AffinityNet, DeepLab-v1.
# Run:
# python tools/pipeline.py configs/icam/icam_shapes_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = [
    dict(name='plain', config='icam_r18-plain_shapes.py', action='train'),
    dict(
        name='cam',
        config='icam_r18_shapes.py',
        action='train',
        inputs={'load_from': 'plain.checkpoint'},
    ),
    dict(
        name='seeds',
        config='icam_r18_shapes.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='crf_low',
        config='../refine/crf.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.alpha': 2},
    ),
    dict(name='crf_high', like='crf_low', cfg_options={'model.refiner.alpha': 4}),
    dict(
        name='aff',
        config='psa_r18_icam_shapes.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    dict(
        name='walk',
        config='psa_r18_icam_shapes.py',
        action='test',
        inputs={
            'load_from': 'aff.checkpoint',
            _WEIGHTS: 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    dict(
        name='final',
        config='largefov_r18_icam_shapes.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    dict(
        name='predict_val',
        config='largefov_r18_icam_shapes.py',
        action='test',
        inputs={'load_from': 'final.checkpoint'},
    ),
]
report = dict(title='ICAM on the built-in data set', scores='seeds.scores', masks='walk.masks')
