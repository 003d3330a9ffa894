_base_ = './deeplabv2_r101_cam_voc.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet38d',
        dropout=(0.3, 0.5),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    decode_head=dict(in_channels=4096),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
