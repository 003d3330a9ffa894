# ToCo on VOC, or a part of it, on a laptop's CPU, on the features of the plain CAM network.
# Environment: VOC_ROOT, TRAIN_LIST and VAL_LIST (see ../_base_/datasets/voc.py), CAM_CHECKPOINT
# (configs/cam/cam_lite0_voc.py).
_base_ = [
    '../_base_/models/toco_vit-tiny-lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/one_stage.py',
    '../_base_/schedules/toco.py',
    '../_base_/iter_runtime.py',
]
max_iters = 400

model = dict(
    segment_from=100, test_cfg=dict(scales=(1.0, 1.5, 1.25), merge_flips='sum', merge_scales='max')
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TokenContrastViews', size=256, scale=(0.8, 1.4)),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=320, high=320),
    dict(type='PackTagged'),
]
batch = dict(published=4)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(_base_.val_dataloader.dataset, _delete_=True, pipeline=test_pipeline)
)

optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    paramwise_cfg=dict(_delete_=True, custom_keys=dict(stem=dict(lr_mult=0.1))),
)
param_scheduler = dict(warmup=40, end=max_iters)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=100))
