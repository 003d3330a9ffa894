# The CAM baseline on MSRC v2, from scratch, with the baselines that it has to beat:
# python tools/pipeline.py configs/cam/cam_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LIST = 'test_dataloader.dataset.ann_file'
_TRAIN, _VAL = 'ImageSets/Segmentation/train.txt', 'ImageSets/Segmentation/val.txt'

variables = dict(MSRC_ROOT='data/msrcv2')

recipe = [
    dict(name='cam', config='cam_r18_msrc.py', action='train'),
    dict(
        name='seeds_train',
        config='cam_r18_msrc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options={_LIST: _TRAIN},
    ),
    dict(name='seeds_val', like='seeds_train', cfg_options={_LIST: _VAL}),
    dict(
        name='masks',
        config='../refine/par-masks_msrc.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
        cfg_options={_LIST: _TRAIN},
    ),
    dict(
        name='segmentor',
        config='deeplabv3plus_r18_cam_msrc.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    dict(
        name='predict_val',
        config='deeplabv3plus_r18_cam_msrc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={_LIST: _VAL},
    ),
]
# What no network and what tags alone are worth, on the validation photos.
baselines = [
    dict(
        name='background',
        config='../refine/centre-prior_msrc.py',
        action='test',
        inputs={_SEEDS: 'seeds_val.scores'},
        cfg_options={_LIST: _VAL, 'model.refiner.area': 0},
    ),
    dict(name='centre', like='background', cfg_options={'model.refiner.area': 0.3}),
]
report = dict(
    title='CAM on MSRC v2: validation photos',
    scores='seeds_val.scores',
    predictions='predict_val.masks',
)
