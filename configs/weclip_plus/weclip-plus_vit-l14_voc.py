# Large encoders: CLIP ViT-L/14 and DINOv2 ViT-L/14. No config of it was released; crops are
# 322 = 23 patches, where the release cuts 12 pixels of 320 off (VOC) or cannot run (COCO).
# Environment: CLIP_CHECKPOINT (ViT-L-14.pt), DINO_CHECKPOINT (dinov2_vitl14_pretrain.pth).
_base_ = './weclip-plus_vit-b16_voc.py'

model = dict(
    clip=dict(arch='ViT-L-14-quickgelu', checkpoint='{{$CLIP_CHECKPOINT:checkpoints/ViT-L-14.pt}}'),
    second=dict(
        backbone=dict(arch='large'),
        channels=1024,
        checkpoint='{{$DINO_CHECKPOINT:checkpoints/dinov2_vitl14_pretrain.pth}}',
    ),
    choose=12,
    scale_divisor=4,
    layers=5,
)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='RandomScale', low=0.5, high=2.0, cut=True, interpolation='bilinear'),
            dict(type='RandomFlip'),
            dict(type='RandomCropPad', size=322, fill=0),
            dict(type='PackTagged'),
        ]
    )
)
