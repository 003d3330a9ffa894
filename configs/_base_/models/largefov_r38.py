# ICAM's final network: DeepLab-v1 (LargeFOV) on ResNet-38d's ImageNet weights. Nothing is frozen,
# batch norm takes the batch's statistics, and its scales and shifts stay as they are.
norm_cfg = dict(type='BN', momentum=3e-4, requires_grad=False)
model = dict(
    type='SimilaritySegmentor',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='ResNet38d',
        dropout=(0.3, 0.5),
        frozen_stages=0,
        norm_eval=False,
        norm_cfg=norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    decode_head=dict(
        type='LargeFOVHead',
        in_channels=4096,
        channels=512,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=True,
    ),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=5.0, loss_weight=0.5),
    scales=(0.5, 0.75, 1.0, 1.25, 1.5, 1.75),
    flip=True,
)
