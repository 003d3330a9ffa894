# PSA on COCO 2014: seeds, two CRFs, AffinityNet, random walk to masks.
# Ours, with the VOC values: PSA was published for VOC alone.
# python tools/pipeline.py configs/refine/psa_coco_recipe.py --set COCO_ROOT=data/coco
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'

data = 'coco'
variables = dict(COCO_ROOT='data/coco')

recipe = [
    dict(name='cam', config='../cam/cam_r38_coco.py', action='train'),
    dict(
        name='seeds',
        config='../cam/cam_r38_coco.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='crf_low',
        config='crf.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.alpha': 4},
    ),
    dict(name='crf_high', like='crf_low', cfg_options={'model.refiner.alpha': 32}),
    dict(
        name='psa',
        config='psa_r38_coco.py',
        action='train',
        inputs={f'{_CRF}.low_alpha': 'crf_low.scores', f'{_CRF}.high_alpha': 'crf_high.scores'},
    ),
    dict(
        name='masks',
        config='psa_r38_coco.py',
        action='test',
        inputs={'load_from': 'psa.checkpoint', _SEEDS: 'seeds.scores'},
    ),
]
report = dict(title='PSA on COCO 2014', scores='seeds.scores', masks='masks.masks')
