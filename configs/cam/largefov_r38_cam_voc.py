_base_ = './deeplabv2_r101_cam_voc.py'

# DeepLabV1 (LargeFOV) on ResNet-38d as in ICAM: nothing frozen, batch statistics, batch norm's
# scale and shift as pretrained, aligned corners, crops of 448.
norm_cfg = dict(type='BN', momentum=3e-4, requires_grad=False)
model = dict(
    data_preprocessor=dict(size=(448, 448)),
    backbone=dict(
        _delete_=True,
        type='ResNet38d',
        dropout=(0.3, 0.5),
        frozen_stages=0,
        norm_eval=False,
        norm_cfg=norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    decode_head=dict(
        type='LargeFOVHead', in_channels=4096, channels=512, norm_cfg=norm_cfg, align_corners=True
    ),
)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(
        type='mmseg.RandomResize',
        scale=(500, 500),
        ratio_range=(0.5, 1.5),
        resize_type='mmseg.Resize',
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=(448, 448)),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
