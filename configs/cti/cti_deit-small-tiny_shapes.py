# CTI on the built-in data set; schedule and data are those of MCTformer-V2 there.
_base_ = [
    '../_base_/models/cti_deit-small-tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 6

crop = [
    dict(type='RandomResizedCrop', size=80, area=(0.3, 1.2)),
    dict(type='RandomFlip'),
]
jitter = dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TwoViews', weak=crop, strong=[*crop, jitter]),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
