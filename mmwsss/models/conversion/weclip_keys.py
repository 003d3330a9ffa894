"""Names in the checkpoints of WeCLIP, WeCLIP+ and ExCEL, and in those of DINOv2."""

from functools import partial

import torch
from torch import nn

from mmwsss.models.conversion.checkpoint_keys import VIT_RULES, CheckpointFormat, Rules
from mmwsss.models.heads import TokenDecoder, TokenFusion
from mmwsss.registry import MODELS

# DINOv2's own names to mmpretrain's.
DINOV2_RULES: Rules = (
    *VIT_RULES,
    (r'^(layers\.\d+)\.ls1\.gamma$', r'\1.attn.gamma1.weight'),
    (r'^(layers\.\d+)\.ls2\.gamma$', r'\1.ffn.gamma2.weight'),
)
# WeCLIP's names of what it trains.
WECLIP_RULES: Rules = (
    (r'^dino_decoder_fts_fuse\.', 'second_fusion.'),
    (r'^decoder_fts_fuse\.', 'fusion.'),
    (r'\.linears_modulelist\.(\d+)\.proj\.', r'.perceptrons.\1.0.'),
    (r'\.linears_modulelist\.(\d+)\.proj_2\.', r'.perceptrons.\1.2.'),
    (r'\.linear_fuse\.', '.fuse.'),
    (r'^decoder\.linear_pred\.', 'decoder.classifier.'),
)


def _weclip(blocks: int = 11, layers: int = 3) -> nn.Module:
    """What WeCLIP trains; only names count."""
    model = nn.Module()
    model.fusion = TokenFusion(8, blocks, channels=8)
    model.decoder = TokenDecoder(2, channels=8, layers=layers, heads=1)
    return model


def _weclip_plus(layers: int) -> nn.Module:
    """What WeCLIP+ trains."""
    model = _weclip(1, layers)
    model.second_fusion = TokenFusion(8, 1, channels=8)
    return model


def _dinov2() -> nn.Module:
    """Mmpretrain's DINOv2; the smallest, since only names count."""
    with torch.device('cpu'):
        arch = dict(embed_dims=8, num_layers=12, num_heads=1, feedforward_channels=8)
        options = dict(img_size=28, patch_size=14, layer_scale_init_value=1e-5)
        return MODELS.build(dict(type='mmpretrain.VisionTransformer', arch=arch, **options))


WECLIP_FORMATS = {
    'weclip': CheckpointFormat(
        summary=(
            "network that WeCLIP's training saves (WeCLIP_model_iter_30000.pth); becomes a state "
            'dict of WeCLIP. encoder.*, which is the frozen CLIP, and par.kernel are dropped.'
        ),
        rules=WECLIP_RULES,
        counterpart=_weclip,
        dropped=r'encoder\..*|par\.kernel',
    ),
    **{
        name: CheckpointFormat(
            summary=(
                f"network that WeCLIP+'s training saves with {layers} decoder layers; becomes a "
                'state dict of WeCLIPPlus. encoder.* and dino_encoder.*, which are frozen, and '
                'par.kernel are dropped.'
            ),
            rules=WECLIP_RULES,
            counterpart=partial(_weclip_plus, layers),
            dropped=r'(dino_)?encoder\..*|par\.kernel',
        )
        for name, layers in (('weclip_plus', 3), ('weclip_plus_l', 5))
    },
    'excel': CheckpointFormat(
        summary=(
            "network that ExCEL's training saves; becomes a state dict of ExCEL. encoder.*, which "
            'is the frozen CLIP with its surgery blocks, is dropped.'
        ),
        rules=((r'^module\.', ''), *WECLIP_RULES),
        counterpart=partial(_weclip, 12),
        dropped=r'(module\.)?encoder\..*',
    ),
    'dinov2': CheckpointFormat(
        summary=(
            "DINOv2's weights (dinov2_vit{s,b}14_pretrain.pth); becomes a state dict of "
            "mmpretrain's VisionTransformer. mask_token is dropped. WeCLIPPlus reads the file as "
            'it is.'
        ),
        rules=DINOV2_RULES,
        counterpart=_dinov2,
        dropped=r'mask_token',
    ),
}
