# Photos of one's own: images/, tags.csv and, to evaluate, masks/. Environment: FOLDER_ROOT.
dataset_type = 'TaggedFolder'
data_root = '{{$FOLDER_ROOT:data/folder}}'
image_prefix = dict(img_path='images')
# Where there are masks, for evaluation only: dict(img_path='images', seg_map_path='masks').
eval_prefix = image_prefix
# None takes the tags that occur; name them where train and test lists differ.
classes = None
# Photos are shown as cameras' EXIF orientation says; False: as stored.
upright = {{'$UPRIGHT:True'}}
# Seeds and masks of larger photos are made at so many pixels, and masks enlarged to the photo.
max_pixels = 1 << 20
# Lists of images; '' takes every image of the folder.
train_list = ''
val_list = ''

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=256, high=512),
    dict(type='RandomFlip'),
    dict(
        type='ColorJitter',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
        prob=0.8,
        gray_prob=0.02,
        backend='opencv',
    ),
    dict(type='RandomCropPad', size=256),
    dict(type='PackTagged'),
]
# Without a mask: tags are all that is scored while a classifier trains.
val_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='MultiScale', scales=(0.5, 1.0, 1.5, 2.0), max_pixels=640 * 480),
    dict(type='PackTagged'),
]

batch = dict(published=16)
train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_list,
        classes=classes,
        upright=upright,
        data_prefix=image_prefix,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=val_list,
        classes=classes,
        upright=upright,
        data_prefix=eval_prefix,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
# Seeds are made of the training photos, for the stages after.
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_list,
        classes=classes,
        upright=upright,
        data_prefix=eval_prefix,
        max_pixels=max_pixels,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
