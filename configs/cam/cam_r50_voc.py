# The classifier of IRN's first step.
_base_ = [
    '../_base_/models/cam_r50.py',
    '../_base_/datasets/voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
]

max_epochs = 5

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=320, high=640),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=512),
    dict(type='PackTagged'),
]
batch = dict(published=16)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

# As in the schedule's base the momentum is the weight decay. The new layer has ten times the rate.
optim_wrapper = dict(
    optimizer=dict(lr=0.1, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
