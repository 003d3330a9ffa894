# The CAM baseline on MSRC v2, from scratch, with the baselines that it has to beat:
# python tools/pipeline.py configs/cam/cam_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LIST = 'test_dataloader.dataset.ann_file'
_TRAIN, _VAL = 'ImageSets/Segmentation/train.txt', 'ImageSets/Segmentation/val.txt'

data = 'msrc'
variables = dict(MSRC_ROOT='data/msrcv2')

recipe = dict(
    cam=dict(config='cam_r18_msrc.py', action='train'),
    seeds_train=dict(
        config='cam_r18_msrc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options={_LIST: _TRAIN, 'model.test_cfg.fuse': 'shifted'},
    ),
    seeds_val=dict(like='seeds_train', cfg_options={_LIST: _VAL}),
    # One object in the middle of a setting that goes with it (sheep on grass): the maps alone
    # cannot tell them apart.
    located_train=dict(
        config='../refine/located-single.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
        cfg_options={_LIST: _TRAIN},
    ),
    located_val=dict(
        like='located_train', inputs={_SEEDS: 'seeds_val.scores'}, cfg_options={_LIST: _VAL}
    ),
    masks=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'located_train.scores'},
        cfg_options={_LIST: _TRAIN},
    ),
    segmentor=dict(
        config='deeplabv3plus_r18_cam_msrc.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks.masks',
            'model.backbone.init_cfg.checkpoint': 'cam.checkpoint',
        },
    ),
    predict_val=dict(
        config='deeplabv3plus_r18_cam_msrc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={_LIST: _VAL},
    ),
    # The same network told the tags, as the seeds are.
    tagged_val=dict(
        config='deeplabv3plus_r18-scores_cam_msrc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={_LIST: _VAL},
    ),
)
# What a method has to beat on the validation photos. With the tags given, as for seeds: all
# background, an ellipse of the tagged class, and a weighted middle smoothed along the colours. With
# the tags predicted, as for the segmentor: the ellipse.
baselines = dict(
    background=dict(
        config='../refine/centre-prior.py',
        action='test',
        inputs={_SEEDS: 'seeds_val.scores'},
        cfg_options={_LIST: _VAL, 'model.refiner.area': 0},
    ),
    centre=dict(like='background', cfg_options={'model.refiner.area': 0.4}),
    centre_colours=dict(like='located_val', cfg_options={'model.refiner.refiners.0.power': 0}),
    predicted_tags=dict(
        like='seeds_val',
        cfg_options={'model.test_cfg.use_tags': False, 'model.test_cfg.tag_threshold': 0.3},
    ),
    centre_predicted=dict(like='centre', inputs={_SEEDS: 'predicted_tags.scores'}),
)
report = dict(
    title='CAM on MSRC v2: validation photos',
    scores='located_val.scores',
    predictions='predict_val.masks',
)
