# S2C with colour regions in SAM's place, on VOC or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/s2c/s2c_lite0_voc_recipe.py --set VOC_ROOT=...
# TRAIN_LIST and VAL_LIST are files of ids below VOC_ROOT, or names of the package's lists.
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = [
    dict(name='regions', config='../proposals/regions.py', action='test'),
    dict(
        name='cam',
        config='s2c_lite0_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadProposals.store': 'regions.proposals'},
    ),
    dict(
        name='seeds',
        config='s2c_lite0_voc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='refined',
        config='../refine/located.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
    ),
    dict(
        name='masks',
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined.scores'},
        cfg_options={'model.refiner.background': 0.5, 'model.refiner.tuned_on_masks': True},
    ),
    dict(
        name='segmentor',
        config='../cam/deeplabv3plus_lite0_cam_voc.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    dict(
        name='predict_val',
        config='../cam/deeplabv3plus_lite0_cam_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]
report = dict(
    title='S2C on VOC, on a laptop',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict_val.masks',
)
