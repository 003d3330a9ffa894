# IRN on VOC 2012: seeds, sure labels, boundaries, random walk to masks.
# python tools/pipeline.py configs/refine/irn_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012')

recipe = dict(
    cam=dict(config='../cam/cam_r50_{data}.py', action='train'),
    seeds=dict(
        config='../cam/cam_r50_{data}.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options={'model.test_cfg.fuse': 'irn_cam'},
    ),
    # The labels are made of maps that were added up at full size, the walk starts at stride 4.
    seeds_full=dict(
        like='seeds', cfg_options={'model.test_cfg.fuse': 'irn_high_res', 'test_cfg.stride': 1}
    ),
    ir_labels=dict(config='ir-labels.py', action='test', inputs={_SEEDS: 'seeds_full.scores'}),
    irn=dict(
        config='irn_r50_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'ir_labels.masks'},
    ),
    masks=dict(
        config='irn_r50_{data}.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
    ),
)
report = dict(title='IRN on VOC 2012', scores='seeds.scores', masks='masks.masks')
