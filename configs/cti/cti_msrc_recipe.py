# CTI on MSRC v2, refined by IRN, down to a segmentor. Where published
# recipes have ImageNet's weights, under all three, stands the plain CAM's network.
# python tools/pipeline.py configs/cti/cti_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LABELS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'
_BACKBONE = 'model.backbone.init_cfg.checkpoint'
_STEM = 'model.backbone.stem.init_cfg.checkpoint'

data = 'msrc'
variables = dict(MSRC_ROOT='data/msrcv2')

recipe = [
    dict(name='cam', config='../cam/cam_r18_msrc.py', action='train'),
    dict(
        name='cti',
        config='cti_deit-small-tiny_msrc.py',
        action='train',
        inputs={_STEM: 'cam.checkpoint'},
    ),
    dict(
        name='seeds',
        config='cti_deit-small-tiny_msrc.py',
        action='test',
        inputs={'load_from': 'cti.checkpoint', _STEM: 'cam.checkpoint'},
        cfg_options={'test_cfg.stride': 1},
    ),
    dict(
        name='ir_labels',
        config='../refine/ir-labels.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
    ),
    dict(
        name='irn',
        config='../refine/irn_r18_msrc.py',
        action='train',
        inputs={_BACKBONE: 'cam.checkpoint', _LABELS: 'ir_labels.masks'},
    ),
    dict(
        name='masks',
        config='../refine/irn_r18_msrc.py',
        action='test',
        inputs={
            'load_from': 'irn.checkpoint',
            _BACKBONE: 'cam.checkpoint',
            _SEEDS: 'seeds.scores',
        },
    ),
    dict(
        name='segmentor',
        config='deeplabv3plus_r18_cti_msrc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks', _BACKBONE: 'cam.checkpoint'},
    ),
    dict(
        name='predict_val',
        config='deeplabv3plus_r18_cti_msrc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.ann_file': 'ImageSets/Segmentation/val.txt'},
    ),
]
report = dict(
    title='CTI on MSRC v2',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict_val.masks',
)
