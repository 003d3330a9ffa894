# DeepLab-v1 with the similarity of features on the small classifier's backbone, on MSRC v2.
_base_ = [
    '../_base_/datasets/msrc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='SimilaritySegmentor',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmseg.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(2,),
        norm_cfg=norm_cfg,
        zero_init_residual=False,
        init_cfg=dict(type='Pretrained', checkpoint=None, prefix='backbone.'),
    ),
    decode_head=dict(
        type='LargeFOVHead',
        in_channels=128,
        channels=64,
        num_classes=15,
        dilation=3,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=True,
    ),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=1.25, loss_weight=0.5),
    scales=(0.5, 0.75, 1.0),
    flip=True,
)
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
