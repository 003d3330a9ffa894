# PASCAL VOC 2012: train_aug to learn from, train to score seeds on. Environment: VOC_ROOT.
dataset_type = 'VOCTaggedDataset'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
image_prefix = dict(img_path='JPEGImages')
# Masks of train and val, for evaluation only.
eval_prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClass')

# As in S2C (CVPR 2024).
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
    ),
    dict(type='RandomCropPad', size=256),
    dict(type='PackTagged'),
]
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='MultiScale', scales=(0.5, 1.0, 1.5, 2.0)),
    dict(type='PackTagged'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        split='train_aug',
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
        split='val',
        data_prefix=eval_prefix,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
# Seeds are made of train_aug, on which the stages after train; its 1464 images that have a mask in
# SegmentationClass (train) are scored.
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        split='train_aug',
        data_prefix=eval_prefix,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
