# Segmentors on MSRC v2: pseudo masks of train to learn from, val to score on.
# From scratch, so the photos are shrunk to about half their size, in training and in testing, as
# for the CAM network. Environment: MSRC_ROOT. `train_dataloader.dataset.store` is the store of
# pseudo masks.
data_root = '{{$MSRC_ROOT:data/msrcv2}}'
crop_size = (128, 128)
ratios = (0.4, 0.5, 0.75)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(
        type='mmseg.RandomResize',
        scale=(320, 320),
        ratio_range=(0.35, 0.6),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.85),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
half = dict(type='mmseg.Resize', scale_factor=0.5, keep_ratio=True)
# Scored at full size: the mask is loaded after the photo was shrunk.
val_pipeline = [dict(type='LoadImage'), half, dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [dict(type='LoadImage'), half, dict(type='PackTagged')]
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [dict(type='mmseg.Resize', scale_factor=r, keep_ratio=True) for r in ratios],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackTagged')],
        ],
    ),
]

batch = dict(published=16)
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoMaskDataset',
        store='work_dirs/masks',
        images=dict(
            type='MSRCDataset',
            data_root=data_root,
            ann_file='ImageSets/Segmentation/train.txt',
        ),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='MSRCDataset',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='MSRCDataset',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
