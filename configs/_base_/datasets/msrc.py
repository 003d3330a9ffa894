# MSRC v2, object view: small, and learnt from scratch. Environment: MSRC_ROOT.
dataset_type = 'MSRCDataset'
data_root = '{{$MSRC_ROOT:data/msrcv2}}'
image_prefix = dict(img_path='JPEGImages')
# Masks are for evaluation only.
eval_prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClass')

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=192, high=320),
    dict(type='RandomFlip'),
    dict(
        type='ColorJitter',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
        prob=0.8,
        gray_prob=0.02,
    ),
    dict(type='RandomCropPad', size=224),
    dict(type='PackTagged'),
]
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='MultiScale', scales=(0.5, 1.0, 1.5, 2.0)),
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
        ann_file='ImageSets/Segmentation/train.txt',
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
        ann_file='ImageSets/Segmentation/val.txt',
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
        ann_file='ImageSets/Segmentation/train.txt',
        data_prefix=eval_prefix,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
