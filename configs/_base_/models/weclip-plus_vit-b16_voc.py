# WeCLIP+ with CLIP ViT-B/16 and DINOv2 ViT-S/14, as released for VOC 2012. Environment:
# CLIP_CHECKPOINT, DINO_CHECKPOINT (dinov2_vits14_pretrain.pth). Extra [clip].
_base_ = ['./clip_vit-b16.py', '../names/clip_voc.py']

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
    num_classes=20,
    # Every place gives, not those in boxes alone.
    caa=dict(threshold=None, source='score', rounds=3, passes=2, layers=8),
    choose=6,
    cam_block=-2,
    late_after=18001,
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    test_cfg=dict(scales=(1.0, 1.5)),
)
