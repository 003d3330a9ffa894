# WeCLIP+ with CLIP ViT-B/16 and DINOv2 ViT-S/14, as released for COCO 2014. Environment:
# CLIP_CHECKPOINT, DINO_CHECKPOINT (dinov2_vits14_pretrain.pth). Extra [clip].
_base_ = ['./clip_vit-b16.py', '../names/clip_coco.py']

model = dict(
    type='WeCLIPPlus',
    clip=_base_.clip,
    prompts=dict(names=_base_.names, background=_base_.background),
    second=dict(
        backbone=dict(
            type='mmpretrain.VisionTransformer',
            arch='dinov2-small',
            img_size=518,
            patch_size=14,
            layer_scale_init_value=1e-5,
            out_type='featmap',
        ),
        channels=384,
        patch=14,
        checkpoint='{{$DINO_CHECKPOINT:checkpoints/dinov2_vits14_pretrain.pth}}',
    ),
    num_classes=80,
    # Boxes as in CLIP-ES.
    caa=dict(threshold=0.7, source='score', rounds=3, passes=2, layers=8),
    choose=8,
    cam_block=-1,
    late_after=40001,
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    test_cfg=dict(scales=(1.0, 1.5)),
)
