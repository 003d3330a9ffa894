# ResNet-38d with a projection to 256 channels: S2C's classifier.
model = dict(
    type='CAMGenerator',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='ResNet38d',
        out_indices=(7,),
        frozen_stages=2,
        norm_eval=True,
        dropout=(0.2, 0.2),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    head=dict(type='CAMHead', in_channels=4096, num_classes=20, proj_channels=256),
    test_cfg=dict(flip=True, fuse='s2c'),
)
