# VOC, or a part of it, on a laptop's CPU: from seeds to masks and to a segmentor. A recipe in a
# method's folder puts its own stages in front, which end in `seeds`:
# TRAIN_LIST and VAL_LIST are files of ids below VOC_ROOT, or names of the package's lists.
# Two rounds: a first segmentor learns the masks that the maps give; where it sees the tagged
# classes, with what the maps of each photo say, are the masks of the second, which goes on from
# its weights.
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_EVIDENCE = 'test_dataloader.dataset.pipeline.LoadEvidence.store'
_STORE = 'train_dataloader.dataset.store'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'
_TRAIN = {'test_dataloader.dataset.ann_file': '{{$TRAIN_LIST:ImageSets/Segmentation/train.txt}}'}
_SEGMENTOR = '../cam/deeplabv3plus_lite0_cam_voc.py'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = [
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
        cfg_options={'model.refiner.background': 0.46, 'model.refiner.tuned_on_masks': True},
    ),
    dict(
        name='first',
        config=_SEGMENTOR,
        action='train',
        inputs={_STORE: 'masks.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    dict(
        name='seeds2',
        config='../cam/deeplabv3plus_lite0-scores_cam_voc.py',
        action='test',
        inputs={'load_from': 'first.checkpoint'},
        cfg_options=_TRAIN,
    ),
    dict(
        name='refined2',
        config='../refine/par-evidence.py',
        action='test',
        inputs={_SEEDS: 'seeds2.scores', _EVIDENCE: 'refined.scores'},
        cfg_options={
            'model.refiner.refiners.0.weight': 8.0,
            'model.refiner.refiners.0.background': 0.46,
            'model.refiner.refiners.0.tuned_on_masks': True,
        },
    ),
    dict(
        name='masks2',
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined2.scores'},
        cfg_options={'model.refiner.background': None},
    ),
    dict(
        name='segmentor',
        like='first',
        inputs={_STORE: 'masks2.masks', 'load_from': 'first.checkpoint'},
    ),
    dict(
        name='predict_val',
        config='../cam/deeplabv3plus_lite0-tta_cam_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]
baselines = [
    dict(
        name='background',
        config='../refine/centre-prior.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.area': 0},
    ),
    dict(name='ellipse', like='background', cfg_options={'model.refiner.area': 0.4}),
]
report = dict(scores='seeds.scores', masks='masks2.masks', predictions='predict_val.masks')
