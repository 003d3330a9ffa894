"""A CLIP small enough for tests."""

import torch

from mmwsss.models import CLIP

SIZES = dict(
    embed_dim=16,
    image_resolution=32,
    vision_layers=3,
    vision_width=64,
    vision_patch_size=8,
    context_length=32,
    transformer_width=32,
    transformer_heads=2,
    transformer_layers=2,
)
PREPROCESSOR = dict(
    type='WSSSDataPreprocessor',
    mean=(122.7709383, 116.7460125, 104.09373615),
    std=(68.5005327, 66.6321579, 70.32316305),
)


def tiny_clip(seed=0, **sizes):
    """A CLIP with random weights that differ between images and texts."""
    torch.manual_seed(seed)
    clip = CLIP(arch={**SIZES, **sizes})
    with torch.no_grad():
        for parameter in clip.module.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn_like(parameter) / parameter.shape[-1] ** 0.5)
        clip.module.logit_scale.fill_(3.0)
    return clip
