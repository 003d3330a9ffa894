# DeepLabV2 on ResNet-101 with ImageNet's batch norm, output stride 8.
# Weights: torchvision's resnet101-63fe2227.pth.
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        size=(321, 321),
    ),
    backbone=dict(
        type='mmseg.ResNet',
        depth=101,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        out_indices=(3,),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet101-63fe2227.pth'),
    ),
    decode_head=dict(type='DeepLabV2Head', in_channels=2048, num_classes=21),
    test_cfg=dict(mode='whole'),
)
