# Photos of one's own and tags.csv to masks, and to a segmentor that needs no tags:
# python tools/pipeline.py configs/cam/cam_folder_recipe.py --set FOLDER_ROOT=photos
# The class names are those in tags.csv. A first segmentor learns what the maps of a classifier
# give; where it sees the tagged classes, with what the maps of each photo say, are the masks of the
# tagged photos, in work_dirs/cam_folder_recipe/masks/masks (--until masks stops there). The
# segmentor to keep goes on from the first on these masks, corrected ones too. Where photos/masks
# holds ground truth (0 background, 1.. the tags in alphabetical order), all is scored, beside two
# baselines.
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_EVIDENCE = 'test_dataloader.dataset.pipeline.LoadEvidence.store'
_STORE = 'train_dataloader.dataset.store'
_WEIGHTS = 'model.backbone.init_cfg.checkpoint'
# (With an import statement it would be another kind of config to mmengine.)
_SCORED = __import__('os').path.isdir('{{$FOLDER_ROOT:data/folder}}/masks')
_PREFIX = {'test_dataloader.dataset.data_prefix.seg_map_path': 'masks'} if _SCORED else {}

data = 'folder'
# UPRIGHT=False: pixels as stored, without the EXIF orientation of cameras.
variables = dict(FOLDER_ROOT=None, UPRIGHT='True')

recipe = dict(
    cam=dict(config='cam_lite0_folder.py', action='train'),
    seeds=dict(
        config='cam_lite0_folder.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options=_PREFIX,
    ),
    refined=dict(
        config='../refine/located.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options=_PREFIX,
    ),
    labels=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined.scores'},
        cfg_options={'model.refiner.background': 0.5, **_PREFIX},
    ),
    first=dict(
        config='deeplabv3plus_lite0_cam_folder.py',
        action='train',
        inputs={_STORE: 'labels.masks', _WEIGHTS: 'cam.checkpoint'},
    ),
    seeds2=dict(
        config='deeplabv3plus_lite0-scores_cam_folder.py',
        action='test',
        inputs={'load_from': 'first.checkpoint'},
        cfg_options=_PREFIX,
    ),
    refined2=dict(
        config='../refine/par-evidence.py',
        action='test',
        inputs={_SEEDS: 'seeds2.scores', _EVIDENCE: 'seeds.scores'},
        cfg_options={
            'model.refiner.refiners.1.weight': 8.0,
            'model.refiner.refiners.1.background': 0.68,
            **_PREFIX,
        },
    ),
    masks=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined2.scores'},
        cfg_options={'model.refiner.background': None, **_PREFIX},
    ),
    segmentor=dict(
        like='first',
        inputs={_STORE: 'masks.masks', 'load_from': 'first.checkpoint'},
        cfg_options={'budget.iterations': 60},
    ),
    predict=dict(
        config='deeplabv3plus_lite0_cam_folder.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options=_PREFIX,
    ),
)
baselines = dict(
    background=dict(
        config='../refine/centre-prior.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        cfg_options={'model.refiner.area': 0, **_PREFIX},
    ),
    ellipse=dict(like='background', cfg_options={'model.refiner.area': 0.4}),
)
if not _SCORED:
    baselines = []
report = dict(
    title='From tags to masks',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
# What is printed besides: the tags of the photos before the first stage, and after the last what
# can be said of the masks of each tag without ground truth.
photos = dict(tags='cam', seeds='seeds.scores', masks='masks.masks')
