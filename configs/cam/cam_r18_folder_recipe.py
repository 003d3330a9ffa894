# cam_folder_recipe.py with a ResNet-18, whose weights are a file of one's own:
# python tools/pipeline.py configs/cam/cam_r18_folder_recipe.py --set FOLDER_ROOT=photos
# The class names are those in tags.csv. The masks of the tagged photos are in
# work_dirs/cam_r18_folder_recipe/masks/masks; --until masks stops there.
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'folder'
variables = dict(
    FOLDER_ROOT=None,
    # False: pixels as stored, without the EXIF orientation of cameras.
    UPRIGHT='True',
    # torchvision's resnet18 file; without it, some hundred photos a class are needed.
    R18_WEIGHTS='none',
    # What stands before the names in it, e.g. 'backbone.'.
    R18_PREFIX='none',
)

recipe = dict(
    cam=dict(
        config='cam_r18_folder.py', action='train', cfg_options={'model.head.num_classes': 'auto'}
    ),
    seeds=dict(like='cam', action='test', inputs={'load_from': 'cam.checkpoint'}),
    par=dict(config='../refine/par.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    masks=dict(
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'par.scores'},
        cfg_options={'model.refiner.background': 0.3},
    ),
    segmentor=dict(
        config='deeplabv3plus_r18_cam_folder.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict=dict(
        config='deeplabv3plus_r18_cam_folder.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
report = dict(
    title='From tags to masks',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
