# Every refiner on one store of scores, on the built-in data set: masks of each.
# python tools/pipeline.py configs/refine/all_shapes_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    cam=dict(config='../cam/cam_r18_{data}.py', action='train'),
    seeds=dict(
        config='../cam/cam_r18_{data}.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    threshold=dict(config='threshold.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    par=dict(config='par.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    par_masks=dict(like='threshold', inputs={_SEEDS: 'par.scores'}),
    par_labels=dict(like='threshold', config='par-labels.py'),
    crf_masks=dict(like='threshold', config='crf-masks.py'),
    regions=dict(config='../proposals/regions-small.py', action='test'),
    vote=dict(like='threshold', config='sam-vote.py', inputs={_PROPOSALS: 'regions.proposals'}),
    # PSA: sure labels from two CRFs, an affinity network, a walk.
    crf_low=dict(like='par', config='crf.py', cfg_options={'model.refiner.alpha': 4}),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.alpha': 32}),
    psa=dict(
        config='psa_r18_{data}.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    psa_masks=dict(
        config='psa_r18_{data}.py',
        action='test',
        inputs={'load_from': 'psa.checkpoint', _WEIGHTS: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    # IRN: sure labels of one CRF, boundaries, a walk inside them.
    ir_labels=dict(like='threshold', config='ir-labels.py'),
    irn=dict(
        config='irn_r18_{data}.py',
        action='train',
        inputs={
            _WEIGHTS: 'cam.checkpoint',
            'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks',
        },
    ),
    irn_masks=dict(
        config='irn_r18_{data}.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _WEIGHTS: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    # RIB: seeds of a classifier that is tuned on each photo.
    rib=dict(config='rib_r18_{data}.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    rib_masks=dict(like='threshold', inputs={_SEEDS: 'rib.scores'}),
)
report = dict(title='Refiners', scores='seeds.scores', masks='psa_masks.masks')
