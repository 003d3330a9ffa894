# Every refiner on one store of scores, on VOC or a part of it, on a laptop's CPU: masks of each.
# python tools/pipeline.py configs/refine/all_lite0_voc_recipe.py --set VOC_ROOT=...
# With --work-dir work_dirs/cam_lite0_voc_recipe it takes over seeds and masks of that recipe.
# Scores that were propagated are high everywhere, so backgrounds are constants around the seeds'
# best threshold on training masks (0.65).
_base_ = '../_base_/recipes/lite0_voc.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'
_CAM = '../cam/cam_lite0_voc.py'
_names = [stage.name for stage in _base_.recipe]

recipe = [
    dict(name='cam', config=_CAM, action='train'),
    dict(name='seeds', config=_CAM, action='test', inputs={'load_from': 'cam.checkpoint'}),
    # The location prior and PAR.
    *_base_.recipe[: _names.index('first')],
    dict(name='par', config='par.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    # CRFs, in which the background keeps more or less; both are labels of AffinityNet.
    dict(
        name='crf_low',
        like='par',
        config='crf.py',
        cfg_options={'model.refiner.alpha': None, 'model.refiner.background': 0.8},
    ),
    dict(name='crf_high', like='crf_low', cfg_options={'model.refiner.background': 0.5}),
    dict(
        name='crf_masks',
        config='crf-masks.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={
            'model.refiner.refiners.0.alpha': None,
            'model.refiner.refiners.0.background': 0.65,
            'model.refiner.refiners.0.tuned_on_masks': True,
        },
    ),
    # PSA: sure labels from two CRFs, an affinity network, a walk.
    dict(
        name='psa',
        config='psa_lite0_voc.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    dict(
        name='psa_masks',
        config='psa_lite0_voc.py',
        action='test',
        inputs={
            'load_from': 'psa.checkpoint',
            _WEIGHTS: 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    # IRN: sure labels of one CRF, boundaries, a walk inside them.
    dict(
        name='ir_labels',
        config='ir-labels.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.high': 0.75, 'model.refiner.low': 0.5},
    ),
    dict(
        name='irn',
        config='irn_lite0_voc.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks',
        },
    ),
    dict(
        name='irn_masks',
        config='irn_lite0_voc.py',
        action='test',
        inputs={
            'load_from': 'irn.checkpoint',
            _WEIGHTS: 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    # RIB: seeds of a classifier that is tuned on each photo.
    dict(
        name='rib', config='rib_lite0_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
]
report = dict(
    _delete_=True, title='Refiners on VOC', scores='seeds.scores', masks='psa_masks.masks'
)
