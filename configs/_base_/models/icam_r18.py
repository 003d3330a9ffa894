# ICAM on the narrow ResNet-18 of cam_r18, from scratch. Its grids have a quarter of the published
# ones' sides, and so has the neighbourhood in which colours are compared.
model = dict(
    type='ICAM',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        zero_init_residual=False,  # in a short training from scratch zeros cost half of it
    ),
    head=dict(
        type='PCMHead',
        num_classes=20,
        in_channels=(32, 64, 128),
        channels=(16, 32),
        embed_channels=64,
        dropout=0.0,
    ),
    loss_sampling=dict(type='ImportanceSamplingLoss', num_samples=100),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=1.25, loss_weight=0.5),
    sampling_weight=0.8,
    view_scale=0.5,
)
