# ResNet-18 at output stride 8 (stage 4, at twice the stride, is left out), for small photos.
model = dict(
    type='CAMGenerator',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(2,),
        zero_init_residual=False,  # in a short training from scratch zeros cost half of it
    ),
    head=dict(type='CAMHead', in_channels=128, num_classes=20),
    test_cfg=dict(flip=True, fuse='s2c'),
)
