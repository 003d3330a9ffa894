# Segmentors on the built-in data set: pseudo masks of train to learn from, val to score on.
# Environment: SHAPES_ROOT. `train_dataloader.dataset.store` is the store of pseudo masks.
data_root = '{{$SHAPES_ROOT:data/shapes}}'
drawing = dict(seed=0, num_train=600, num_val=200, size=112, class_set='main')
crop_size = (96, 96)
ratios = (0.75, 1.0, 1.25, 1.5)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(
        type='mmseg.RandomResize',
        scale=(112, 112),
        ratio_range=(0.75, 1.25),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
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
        images=dict(type='ShapesDataset', data_root=data_root, drawing=drawing, split='train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        drawing=drawing,
        split='val',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassEval'),
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
        type='ShapesDataset',
        data_root=data_root,
        drawing=drawing,
        split='val',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassEval'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
