# AffinityNet on the small classifier (cam_r18).
model = dict(
    type='AffinityNet',
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
        norm_eval=True,
    ),
    in_channels=(32, 64, 128),
    channels=(16, 32, 64),
    radius=5,
    test_cfg=dict(beta=8, log_steps=6, alpha=6),
)
