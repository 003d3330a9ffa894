# DeepLab-v1 with the similarity of features on the small classifier's backbone: ICAM's final stage
# in small. `model.backbone.init_cfg.checkpoint` is the CAM network's, as in the demo.
_base_ = [
    '../_base_/models/largefov_r18.py',
    '../_base_/datasets/shapes_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

model = dict(decode_head=dict(num_classes=7), scales=(0.75, 1.0, 1.25, 1.5))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='HSVShift', delta=10),
    dict(type='RandomFlip'),
    dict(type='RandomRescale', low=0.75, high=1.25),
    dict(type='RandomCropPad', size=96),
    dict(type='PackTagged'),
]
train_dataloader = dict(
    dataset=dict(store='work_dirs/icam_shapes_recipe/walk/masks', pipeline=train_pipeline)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=24, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=24, val_interval=24)
test_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='ContourMetric')]
tta_model = tta_pipeline = None
