# CTI on MSRC v2; schedule and data are those of MCTformer-V2 there.
_base_ = [
    '../_base_/models/cti_deit-small-tiny.py',
    '../_base_/datasets/msrc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 20

model = dict(
    backbone=dict(
        num_classes=14,
        img_size=96,
        stem=dict(
            init_cfg=dict(checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_r18_msrc/epoch_80.pth}}')
        ),
    ),
    head=dict(num_classes=14),
    infuse_begin=4,
)

crop = [
    dict(type='RandomResizedCrop', size=96, area=(0.3, 1.2)),
    dict(type='RandomFlip'),
]
jitter = dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TwoViews', weak=crop, strong=[*crop, jitter]),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='MultiScale', scales=(0.5,)),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='MultiScale', scales=(0.5,)),
    dict(type='PackTagged'),
]
train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(checkpoint=dict(interval=10), logger=dict(interval=16))
