# Every refiner on one store of scores, on VOC or a part of it, on a laptop's CPU: masks of each.
# python tools/pipeline.py configs/refine/all_lite0_voc_recipe.py --set VOC_ROOT=...
# With --work-dir work_dirs/cam_lite0_voc_recipe it takes over seeds and masks of that recipe.
# Scores that were propagated are high everywhere, so backgrounds are constants around the seeds'
# best threshold on training masks (0.65).
_base_ = '../_base_/recipes/lite0_voc.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'

recipe = dict(
    _delete_=True,
    cam=dict(config='../cam/cam_lite0_voc.py', action='train'),
    seeds=dict(
        config='../cam/cam_lite0_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    # The location prior and PAR.
    refined=_base_.recipe.refined,
    masks=_base_.recipe.masks,
    par=dict(config='par.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    # CRFs, in which the background keeps more or less; both are labels of AffinityNet.
    crf_low=dict(
        like='par',
        config='crf.py',
        cfg_options={'model.refiner.alpha': None, 'model.refiner.background': 0.8},
    ),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.background': 0.5}),
    crf_masks=dict(
        like='par',
        config='crf-masks.py',
        cfg_options={
            'model.refiner.refiners.0.alpha': None,
            'model.refiner.refiners.0.background': 0.65,
            'model.refiner.refiners.0.tuned_on_masks': True,
        },
    ),
    # PSA: sure labels from two CRFs, an affinity network, a walk.
    psa=dict(
        config='psa_lite0_voc.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    psa_masks=dict(
        config='psa_lite0_voc.py',
        action='test',
        inputs={'load_from': 'psa.checkpoint', _WEIGHTS: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    # IRN: sure labels of one CRF, boundaries, a walk inside them.
    ir_labels=dict(
        like='par',
        config='ir-labels.py',
        cfg_options={'model.refiner.high': 0.75, 'model.refiner.low': 0.5},
    ),
    irn=dict(
        config='irn_lite0_voc.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks',
        },
    ),
    irn_masks=dict(
        config='irn_lite0_voc.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _WEIGHTS: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    # RIB: seeds of a classifier that is tuned on each photo.
    rib=dict(config='rib_lite0_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
)
report = dict(
    _delete_=True, title='Refiners on VOC', scores='seeds.scores', masks='psa_masks.masks'
)
