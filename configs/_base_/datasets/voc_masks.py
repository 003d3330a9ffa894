# Segmentors on VOC 2012: pseudo masks of train_aug to learn from, val to score on.
# Environment: VOC_ROOT; TRAIN_LIST and VAL_LIST as in datasets/voc.py.
# `train_dataloader.dataset.store` is the store of pseudo masks.
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
train_list = '{{$TRAIN_LIST:train_aug}}'
val_list = '{{$VAL_LIST:val}}'
_shipped = ('train', 'train_aug', 'val')
train_photos = dict(split=train_list) if train_list in _shipped else dict(ann_file=train_list)
val_photos = dict(split=val_list) if val_list in _shipped else dict(ann_file=val_list)
crop_size = (512, 512)
ratios = (0.5, 0.75, 1.0, 1.25, 1.5)

# Photos are RGB here, also for mmseg's transforms (their jitter treats RGB and BGR alike).
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(
        type='mmseg.RandomResize',
        scale=(2048, 512),
        ratio_range=(0.5, 2.0),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmseg.Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='LoadMask'),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='mmseg.Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='PackTagged'),
]
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [
                dict(type='mmseg.Resize', scale=(int(2048 * r), int(512 * r)), keep_ratio=True)
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

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='PseudoMaskDataset',
        store='work_dirs/masks',
        images=dict(type='VOCTaggedDataset', data_root=data_root, **train_photos),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='VOCTaggedDataset',
        data_root=data_root,
        **val_photos,
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='VOCTaggedDataset',
        data_root=data_root,
        **val_photos,
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
