# IRN's classifier on COCO 2014, with the VOC schedule's values. Ours: RIB publishes the tuning and
# its values for COCO, the classifier that it tunes is described for VOC.
_base_ = [
    '../_base_/models/cam_r50.py',
    '../_base_/datasets/coco.py',
    '../_base_/seeds.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
]

max_epochs = 5

model = dict(head=dict(num_classes=80))

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=320, high=640),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=512),
    dict(type='PackTagged'),
]
batch = dict(published=16)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=0.1, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
