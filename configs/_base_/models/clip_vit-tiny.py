# A CLIP for photos of 112 pixels that two CPU cores train in minutes. Extra [clip].
arch = dict(
    embed_dim=64,
    image_resolution=128,
    vision_layers=1,
    vision_width=128,
    vision_patch_size=16,
    vision_stem=(32, 64, 128, 128),
    transformer_width=64,
    transformer_heads=1,
    transformer_layers=2,
)
names = ('cat', 'dog', 'bird', 'car', 'boat', 'house')
# CLIP's mean and deviation, times 255.
data_preprocessor = dict(
    type='WSSSDataPreprocessor',
    mean=(122.7709383, 116.7460125, 104.09373615),
    std=(68.5005327, 66.6321579, 70.32316305),
)
