# ICAM on MSRC v2, all three stages in small: CAM network, AffinityNet, DeepLab-v1.
# python tools/pipeline.py configs/icam/icam_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'

data = 'msrc'
variables = dict(MSRC_ROOT='data/msrcv2')

recipe = [
    dict(name='plain', config='icam_r18-plain_msrc.py', action='train'),
    dict(
        name='cam',
        config='icam_r18_msrc.py',
        action='train',
        inputs={'load_from': 'plain.checkpoint'},
    ),
    dict(
        name='seeds',
        config='icam_r18_msrc.py',
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
        config='psa_r18_icam_msrc.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    dict(
        name='walk',
        config='psa_r18_icam_msrc.py',
        action='test',
        inputs={
            'load_from': 'aff.checkpoint',
            _WEIGHTS: 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    dict(
        name='final',
        config='largefov_r18_icam_msrc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    dict(
        name='predict_val',
        config='largefov_r18_icam_msrc.py',
        action='test',
        inputs={'load_from': 'final.checkpoint'},
    ),
]
report = dict(title='ICAM on MSRC v2', scores='seeds.scores', masks='walk.masks')
