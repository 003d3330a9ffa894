# Every refiner on one store of scores, on the built-in data set: masks of each.
# python tools/pipeline.py configs/refine/all_shapes_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = [
    dict(name='cam', config='../cam/cam_r18_shapes.py', action='train'),
    dict(
        name='seeds',
        config='../cam/cam_r18_shapes.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='threshold',
        config='threshold.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
    ),
    dict(name='par', config='par.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='par_masks', like='threshold', inputs={_SEEDS: 'par.scores'}),
    dict(name='par_labels', like='threshold', config='par-labels.py'),
    dict(name='crf_masks', like='threshold', config='crf-masks.py'),
    dict(name='regions', config='../proposals/regions-small.py', action='test'),
    dict(
        name='vote',
        like='threshold',
        config='sam-vote.py',
        inputs={_PROPOSALS: 'regions.proposals'},
    ),
    # PSA: sure labels from two CRFs, an affinity network, a walk.
    dict(
        name='crf_low',
        like='par',
        config='crf.py',
        cfg_options={'model.refiner.alpha': 4},
    ),
    dict(name='crf_high', like='crf_low', cfg_options={'model.refiner.alpha': 32}),
    dict(
        name='psa',
        config='psa_r18_shapes.py',
        action='train',
        inputs={
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
            f'{_CRF}.low_alpha': 'crf_low.scores',
            f'{_CRF}.high_alpha': 'crf_high.scores',
        },
    ),
    dict(
        name='psa_masks',
        config='psa_r18_shapes.py',
        action='test',
        inputs={
            'load_from': 'psa.checkpoint',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    # IRN: sure labels of one CRF, boundaries, a walk inside them.
    dict(name='ir_labels', like='threshold', config='ir-labels.py'),
    dict(
        name='irn',
        config='irn_r18_shapes.py',
        action='train',
        inputs={
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
            'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks',
        },
    ),
    dict(
        name='irn_masks',
        config='irn_r18_shapes.py',
        action='test',
        inputs={
            'load_from': 'irn.checkpoint',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    # RIB: seeds of a classifier that is tuned on each photo.
    dict(
        name='rib',
        config='rib_r18_shapes.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(name='rib_masks', like='threshold', inputs={_SEEDS: 'rib.scores'}),
]
report = dict(title='Refiners', scores='seeds.scores', masks='psa_masks.masks')
