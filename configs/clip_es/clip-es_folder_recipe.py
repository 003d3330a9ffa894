# Photos of one's own and tags.csv to masks without training, and to a segmentor that needs no tags.
# Extra [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_folder_recipe.py --set FOLDER_ROOT=photos
# The names in tags.csv are the prompts. Masks are in work_dirs/clip-es_folder_recipe/masks/masks;
# --until masks stops there.
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'folder'
variables = dict(
    FOLDER_ROOT=None,
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    # torchvision's resnet18 file, for the segmentor.
    R18_WEIGHTS='none',
)

recipe = dict(
    seeds=dict(config='clip-es_vit-b16_folder.py', action='test'),
    masks=dict(config='crf-photo.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    segmentor=dict(
        config='../cam/deeplabv3plus_r18_cam_folder.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict=dict(
        config='../cam/deeplabv3plus_r18_cam_folder.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
report = dict(
    title='From tags to masks with CLIP',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
