# AffinityNet on EfficientNet-Lite0 (see cam_lite0.py), which keeps stride 8 here.
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(
        type='WSSSDataPreprocessor', mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)
    ),
    backbone=dict(
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        output_stride=8,
        out_indices=(2, 3, 4),
    ),
    in_channels=(40, 112, 320),
    channels=(16, 32, 64),
    radius=5,
    test_cfg=dict(beta=8, log_steps=6, alpha=6),
)
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook')]
