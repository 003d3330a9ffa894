# VOC, or a part of it, on a laptop's CPU: from seeds to masks and to a segmentor. A recipe in a
# method's folder puts its own stages in front, which end in `seeds`:
# TRAIN_LIST and VAL_LIST are files of ids below VOC_ROOT, or names of the package's lists.
# Two rounds: a first segmentor learns the masks that the maps give. Where it sees the tagged
# classes, with what the maps of each photo say, are the labels of the second, which goes on from
# its weights. Where that sees them, with the maps again, are the masks to keep (`masks3`).
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_EVIDENCE = 'test_dataloader.dataset.pipeline.LoadEvidence.store'
_STORE = 'train_dataloader.dataset.store'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'
_TRAIN = {'test_dataloader.dataset.ann_file': '{{$TRAIN_LIST:ImageSets/Segmentation/train.txt}}'}

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = dict(
    refined=dict(config='../refine/located.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    masks=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined.scores'},
        cfg_options={'model.refiner.background': 0.46, 'model.refiner.tuned_on_masks': True},
    ),
    first=dict(
        config='../cam/deeplabv3plus_lite0_cam_voc.py',
        action='train',
        inputs={_STORE: 'masks.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    seeds2=dict(
        config='../cam/deeplabv3plus_lite0-scores_cam_voc.py',
        action='test',
        inputs={'load_from': 'first.checkpoint'},
        cfg_options=_TRAIN,
    ),
    refined2=dict(
        config='../refine/par-evidence.py',
        action='test',
        inputs={_SEEDS: 'seeds2.scores', _EVIDENCE: 'seeds.scores'},
        cfg_options={
            'model.refiner.refiners.1.weight': 8.0,
            'model.refiner.refiners.1.background': 0.68,
            'model.refiner.refiners.1.tuned_on_masks': True,
        },
    ),
    # Pixels that both sources leave open are ignored.
    labels2=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined2.scores'},
        cfg_options={'model.refiner.background': None, 'model.refiner.confidence': 0.7},
    ),
    segmentor=dict(
        like='first',
        inputs={_STORE: 'labels2.masks', 'load_from': 'first.checkpoint'},
        cfg_options={'budget.iterations': 600, 'budget.min_epochs': 12},
    ),
    seeds3=dict(like='seeds2', inputs={'load_from': 'segmentor.checkpoint'}),
    refined3=dict(like='refined2', inputs={_SEEDS: 'seeds3.scores', _EVIDENCE: 'seeds.scores'}),
    masks3=dict(
        like='labels2',
        inputs={_SEEDS: 'refined3.scores'},
        cfg_options={'model.refiner.confidence': None},
    ),
    predict_val=dict(
        config='../cam/deeplabv3plus_lite0-tta_cam_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
baselines = dict(
    background=dict(
        config='../refine/centre-prior.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.area': 0},
    ),
    ellipse=dict(like='background', cfg_options={'model.refiner.area': 0.4}),
)
report = dict(scores='seeds.scores', masks='masks3.masks', predictions='predict_val.masks')
