# Segmentors on photos of one's own: pseudo masks of the photos to learn from. Nobody has masks to
# score on here, so nothing is validated; testing predicts all photos, and scores those that have a
# mask if test_dataloader.dataset.data_prefix.seg_map_path is set.
# Environment: FOLDER_ROOT. `train_dataloader.dataset.store` is the store of pseudo masks.
data_root = '{{$FOLDER_ROOT:data/folder}}'
# As in datasets/folder.py: None takes the tags that occur; '' takes every image of the folder.
upright = {{'$UPRIGHT:True'}}
max_pixels = 1 << 20
classes = None
train_list = ''
val_list = ''
crop_size = (256, 256)
ratios = (0.75, 1.0, 1.25, 1.5)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(
        type='mmseg.RandomResize',
        scale=(512, 512),
        ratio_range=(0.5, 1.5),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.85),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmseg.Resize', scale=(512, 512), keep_ratio=True),
    dict(type='PackTagged'),
]
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [
                dict(type='mmseg.Resize', scale=(int(512 * r), int(512 * r)), keep_ratio=True)
                for r in ratios
            ],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackTagged')],
        ],
    ),
]

batch = dict(published=8)
train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoMaskDataset',
        store='work_dirs/masks',
        images=dict(
            type='TaggedFolder',
            data_root=data_root,
            ann_file=train_list,
            classes=classes,
            upright=upright,
            max_pixels=max_pixels,
        ),
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='TaggedFolder',
        data_root=data_root,
        ann_file=val_list,
        classes=classes,
        upright=upright,
        max_pixels=max_pixels,
        data_prefix=dict(img_path='images'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
