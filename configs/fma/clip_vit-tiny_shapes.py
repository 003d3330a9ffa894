# A tiny CLIP, trained on the built-in photos and their tags alone: what stands in for OpenAI's.
_base_ = [
    '../_base_/models/clip_vit-tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 32

model = dict(
    type='CLIPPretrainer',
    arch=_base_.arch,
    names=_base_.names,
    data_preprocessor=_base_.data_preprocessor,
)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='RandomResizeLong', low=112, high=192),
            dict(type='RandomFlip'),
            dict(type='RandomCropPad', size=128),
            dict(type='PackTagged'),
        ]
    )
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Resize', size=128),
            dict(type='PackTagged'),
        ]
    )
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=3, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=3, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=16)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='TagMetric')
test_dataloader = None
