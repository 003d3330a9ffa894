# ResNet-50 at output stride 16 without dilation, as IRN's classifier: the stem and the first two
# stages are frozen, batch norm keeps ImageNet's statistics.
model = dict(
    type='CAMGenerator',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 1),
        out_indices=(3,),
        frozen_stages=2,
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50-0676ba61.pth'),
    ),
    head=dict(type='CAMHead', in_channels=2048, num_classes=20),
    test_cfg=dict(flip=True, fuse='irn_high_res'),
)
