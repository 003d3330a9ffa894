# PASCAL VOC 2012: train_aug to learn from, train to score seeds on. Environment: VOC_ROOT; and
# TRAIN_LIST and VAL_LIST, each a list of the package (train, train_aug, val) or a file of ids below
# VOC_ROOT, so that a part of VOC is a data set too.
dataset_type = 'VOCTaggedDataset'
data_root = '{{$VOC_ROOT:data/VOCdevkit/VOC2012}}'
train_list = '{{$TRAIN_LIST:train_aug}}'
val_list = '{{$VAL_LIST:val}}'
_shipped = ('train', 'train_aug', 'val')
train_photos = dict(split=train_list) if train_list in _shipped else dict(ann_file=train_list)
val_photos = dict(split=val_list) if val_list in _shipped else dict(ann_file=val_list)
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

batch = dict(published=8)
train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        **train_photos,
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
        **val_photos,
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
        **train_photos,
        data_prefix=eval_prefix,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
