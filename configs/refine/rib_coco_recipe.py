# RIB, then IRN on COCO 2014: seeds, sure labels, boundaries, random walk to masks.
# python tools/pipeline.py configs/refine/rib_coco_recipe.py --set COCO_ROOT=data/coco
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'coco'
variables = dict(COCO_ROOT='data/coco')

recipe = [
    dict(name='cam', config='../cam/cam_r50_coco.py', action='train'),
    dict(
        name='seeds',
        config='rib_r50_coco.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        # One store for labels and walk: tuning on each photo takes too long to do it twice.
        cfg_options={'model.test_cfg.fuse': 'irn_high_res', 'test_cfg.stride': 1},
    ),
    dict(
        name='ir_labels',
        config='ir-labels-rib.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.high': 0.35, 'model.refiner.low': 0.17},
    ),
    dict(
        name='irn',
        config='irn_r50_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks'},
    ),
    dict(
        name='masks',
        config='irn_r50_coco.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
    ),
]
report = dict(title='RIB, then IRN on COCO 2014', scores='seeds.scores', masks='masks.masks')
