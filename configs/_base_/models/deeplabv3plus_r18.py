# DeepLabV3+ on a narrow ResNet-18 without stage 4, output stride 16, for small photos and from
# scratch. The backbone's parameters are those of cam_r18.py.
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        size=(96, 96),
    ),
    backbone=dict(
        type='mmseg.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        norm_cfg=norm_cfg,
        zero_init_residual=False,  # in a short training from scratch zeros cost half of it
    ),
    decode_head=dict(
        type='mmseg.DepthwiseSeparableASPPHead',
        in_channels=128,
        in_index=2,
        channels=64,
        dilations=(1, 3, 6),
        c1_in_channels=32,
        c1_channels=16,
        num_classes=21,
        norm_cfg=norm_cfg,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
