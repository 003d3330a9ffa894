# RIB, then IRN on VOC 2012: seeds, sure labels, boundaries, random walk to masks.
# python tools/pipeline.py configs/refine/rib_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012')

recipe = dict(
    cam=dict(config='../cam/cam_r50_{data}.py', action='train'),
    seeds=dict(
        config='rib_r50_{data}.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        # One store for labels and walk: tuning on each photo takes too long to do it twice.
        cfg_options={'model.test_cfg.fuse': 'irn_high_res', 'test_cfg.stride': 1},
    ),
    ir_labels=dict(
        config='ir-labels.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.high': 0.35, 'model.refiner.low': 0.17},
    ),
    irn=dict(
        config='irn_r50_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks'},
    ),
    masks=dict(
        config='irn_r50_{data}.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
        cfg_options={'model.test_cfg.background': 0.27, 'model.test_cfg.power': 1.3},
    ),
)
report = dict(title='RIB, then IRN on VOC 2012', scores='seeds.scores', masks='masks.masks')
