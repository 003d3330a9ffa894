# DeepLab-v1 with the similarity of features on the small classifier's backbone, on MSRC v2.
_base_ = [
    '../_base_/models/largefov_r18.py',
    '../_base_/datasets/msrc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

model = dict(decode_head=dict(num_classes=15), scales=(0.5, 0.75, 1.0))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='HSVShift', delta=10),
    dict(type='RandomFlip'),
    dict(type='RandomRescale', low=0.5, high=1.0),
    dict(type='RandomCropPad', size=160),
    dict(type='PackTagged'),
]
train_dataloader = dict(
    dataset=dict(store='work_dirs/icam_msrc_recipe/walk/masks', pipeline=train_pipeline)
)
# Photos at their own size: the network averages its scales itself.
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=60, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=60, val_interval=60)
test_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='ContourMetric')]
tta_model = tta_pipeline = None
