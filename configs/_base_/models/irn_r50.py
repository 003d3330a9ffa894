# IRN on a frozen ResNet-50 with ImageNet's weights (torchvision).
model = dict(
    type='IRNet',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=50,
        strides=(1, 2, 2, 1),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50-0676ba61.pth'),
    ),
    radius=10,
    test_cfg=dict(radius=5, beta=10, log_steps=8, background=0.25, pad_to=512),
)
