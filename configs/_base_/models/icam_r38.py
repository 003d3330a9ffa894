# ICAM on ResNet-38d's ImageNet weights.
model = dict(
    type='ICAM',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='ResNet38d',
        out_indices=(4, 5, 7),
        frozen_stages=2,
        norm_eval=True,
        dropout=(0.3, 0.5),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    head=dict(type='PCMHead', num_classes=20),
    loss_sampling=dict(type='ImportanceSamplingLoss', num_samples=100),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=5.0, loss_weight=0.5),
    sampling_weight=0.8,
    view_scale=0.3,
)
