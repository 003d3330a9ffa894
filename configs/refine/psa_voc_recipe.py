# PSA on VOC 2012: seeds, two CRFs, AffinityNet, random walk to masks.
# python tools/pipeline.py configs/refine/psa_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012')

recipe = dict(
    cam=dict(config='../cam/cam_r38_{data}.py', action='train'),
    seeds=dict(
        config='../cam/cam_r38_{data}.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    crf_low=dict(
        config='crf.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.alpha': 4},
    ),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.alpha': 32}),
    psa=dict(
        config='psa_r38_{data}.py',
        action='train',
        inputs={f'{_CRF}.low_alpha': 'crf_low.scores', f'{_CRF}.high_alpha': 'crf_high.scores'},
    ),
    masks=dict(
        config='psa_r38_{data}.py',
        action='test',
        inputs={'load_from': 'psa.checkpoint', _SEEDS: 'seeds.scores'},
    ),
)
report = dict(title='PSA on VOC 2012', scores='seeds.scores', masks='masks.masks')
