# IRN on the frozen EfficientNet-Lite0 of the classifier (see cam_lite0.py). Displacements keep a
# mean of 0: they are not used for masks.
model = dict(
    type='IRNet',
    data_preprocessor=dict(
        type='WSSSDataPreprocessor', mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)
    ),
    backbone=dict(
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        output_stride=16,
        out_indices=(0, 1, 2, 3, 4),
    ),
    in_channels=(16, 24, 40, 112, 320),
    strides=(4, 4, 8, 16, 16),
    radius=5,
    test_cfg=dict(radius=5, beta=10, log_steps=6, background=0.25, pad_to=None),
)
custom_hooks = [dict(type='ChannelsLastHook')]
