# CTI on the built-in data set, refined by IRN, down to a segmentor. Where published
# recipes have ImageNet's weights, under all three, stands the plain CAM's network.
# python tools/pipeline.py configs/cti/cti_shapes_recipe.py
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LABELS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'
_BACKBONE = 'model.backbone.init_cfg.checkpoint'
_STEM = 'model.backbone.stem.init_cfg.checkpoint'

data = 'shapes'
variables = dict(SHAPES_ROOT='data/shapes')

recipe = dict(
    cam=dict(config='../cam/cam_r18_{data}.py', action='train'),
    cti=dict(
        config='cti_deit-small-tiny_{data}.py', action='train', inputs={_STEM: 'cam.checkpoint'}
    ),
    seeds=dict(
        config='cti_deit-small-tiny_{data}.py',
        action='test',
        inputs={'load_from': 'cti.checkpoint', _STEM: 'cam.checkpoint'},
        cfg_options={'test_cfg.stride': 1},
    ),
    ir_labels=dict(config='../refine/ir-labels.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    irn=dict(
        config='../refine/irn_r18_{data}.py',
        action='train',
        inputs={_BACKBONE: 'cam.checkpoint', _LABELS: 'ir_labels.masks'},
    ),
    masks=dict(
        config='../refine/irn_r18_{data}.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _BACKBONE: 'cam.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    segmentor=dict(
        config='deeplabv3plus_r18_cti_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks', _BACKBONE: 'cam.checkpoint'},
    ),
    predict_val=dict(
        config='deeplabv3plus_r18_cti_{data}.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
)
report = dict(
    title='CTI on the built-in data set',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict_val.masks',
)
