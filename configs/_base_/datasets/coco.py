# COCO 2014, images with a class (82081 train, 40137 val). Environment: COCO_ROOT.
dataset_type = 'COCOTaggedDataset'
data_root = '{{$COCO_ROOT:data/coco}}'
# Masks (tools/dataset_converters/coco_to_masks.py) are for evaluation only.
train_prefix = dict(img_path='train2014')
train_eval_prefix = dict(img_path='train2014', seg_map_path='masks/train2014')
val_prefix = dict(img_path='val2014', seg_map_path='masks/val2014')

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
        split='train',
        data_prefix=train_prefix,
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
        data_prefix=val_prefix,
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
        split='train',
        data_prefix=train_eval_prefix,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
