# A CLIP for photos of 320 pixels on a CPU: three thin blocks on the features of EfficientNet-Lite0.
# Environment: CLIP_CHECKPOINT, of configs/weclip/clip_vit-tiny-lite0_voc.py. Extra [clip].
_base_ = '../names/clip_voc.py'

arch = dict(
    embed_dim=64,
    image_resolution=256,
    vision_layers=3,
    vision_width=192,
    vision_patch_size=16,
    vision_stem='tf_efficientnet_lite0',
    transformer_width=64,
    transformer_heads=1,
    transformer_layers=2,
)
data_preprocessor = dict(
    type='WSSSDataPreprocessor', mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)
)
clip = dict(
    type='CLIP',
    arch=arch,
    checkpoint='{{$CLIP_CHECKPOINT:work_dirs/clip_vit-tiny-lite0_voc/epoch_12.pth}}',
)
# The sentence that it has learned.
prompts = dict(names=_base_.names, background=_base_.background, template='a photo of a {}.')
