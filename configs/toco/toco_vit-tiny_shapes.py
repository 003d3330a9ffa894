# ToCo on the built-in data set.
# Environment: SHAPES_ROOT, CAM_CHECKPOINT (configs/cam/cam_r18_shapes.py).
_base_ = [
    '../_base_/models/toco_vit-tiny.py',
    '../_base_/datasets/shapes.py',
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
    dict(
        type='TokenContrastViews',
        size=112,
        scale=(0.8, 1.5),
        jitter=dict(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8),
        blur_radius=(0.1, 0.7),
        solarize_prob=0.0,
    ),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=4)
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(split='val', pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=5e-4), paramwise_cfg=dict(_delete_=True))
param_scheduler = dict(warmup=40, end=max_iters)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=100))
