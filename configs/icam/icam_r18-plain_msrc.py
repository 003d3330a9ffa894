# ICAM's network on MSRC v2 without sampling and similarity: mean logits, revised maps and agreement
# of the views alone. Ours; icam_r18_msrc.py starts from it, in the place of ImageNet's weights.
_base_ = [
    '../_base_/models/icam_r18.py',
    '../_base_/datasets/msrc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 60

model = dict(head=dict(num_classes=14), loss_sampling=None, loss_similarity=None)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=112, high=192),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8),
    dict(type='RandomCropPad', size=128),
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
    dict(type='MultiScale', scales=(0.4, 0.5, 0.75)),
    dict(type='PackTagged'),
]
train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))

param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=20)
val_evaluator = [
    dict(type='TagMetric'),
    dict(type='SeedMetric', background=0.5),
    dict(type='ContourMetric'),
]
test_evaluator = [dict(type='SeedMetric', background=0.5), dict(type='ContourMetric')]
default_hooks = dict(checkpoint=dict(interval=20), logger=dict(interval=16))
