# The built-in data set, drawn on first use. Environment: SHAPES_ROOT.
dataset_type = 'ShapesDataset'
data_root = '{{$SHAPES_ROOT:data/shapes}}'
drawing = dict(seed=0, num_train=600, num_val=200, size=112, class_set='main')
image_prefix = dict(img_path='JPEGImages')
# Masks of all photos, for evaluation only.
eval_prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClassEval')

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=96, high=144),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8),
    dict(type='RandomCropPad', size=112),
    dict(type='PackTagged'),
]
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='MultiScale', scales=(0.75, 1.0, 1.5)),
    dict(type='PackTagged'),
]

batch = dict(published=16)
train_dataloader = dict(
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        drawing=drawing,
        split='train',
        data_prefix=image_prefix,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        drawing=drawing,
        split='val',
        data_prefix=eval_prefix,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
# Seeds are made of the training photos, for the stages after.
test_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        drawing=drawing,
        split='train',
        data_prefix=eval_prefix,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
