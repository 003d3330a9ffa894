# A tiny CLIP, trained on the built-in photos and their tags alone: what stands in for OpenAI's.
_base_ = [
    '../_base_/models/clip_vit-tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 24

model = dict(
    type='CLIPPretrainer',
    arch=_base_.arch,
    names=_base_.names,
    data_preprocessor=_base_.data_preprocessor,
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Resize', size=112),
            dict(type='PackTagged'),
        ]
    )
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=8)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='TagMetric')
test_dataloader = None
