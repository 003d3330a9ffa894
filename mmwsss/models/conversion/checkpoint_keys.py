"""Translate parameter names of published checkpoints into ours."""

import torch
from torch import nn

from mmwsss.models.affinity import AffinityNet, IRNet
from mmwsss.models.backbones import ClassTokenViT, ResNet38d
from mmwsss.models.cam_generators import CTI, CAMGenerator
from mmwsss.models.conversion.checkpoint_format import (
    CheckpointFormat,
    Rules,
    rename,
    rename_keys,
)
from mmwsss.models.heads import CAMHead, PatchCAMHead
from mmwsss.registry import MODELS

__all__ = [
    'BACKBONE_PREFIX',
    'MULTI_STAGE_FORMATS',
    'MXNET_RULES',
    'RESNET38D_RULES',
    'VIT_RULES',
    'CheckpointFormat',
    'Rules',
    'rename',
    'rename_keys',
]

# The names that the PSA family gives the modules of ResNet-38d.
RESNET38D_RULES: Rules = (
    (r'\.bn_branch2a\.', '.norm1.'),
    (r'\.bn_branch2b1\.', '.norm2.'),
    (r'\.bn_branch2b2\.', '.norm3.'),
    (r'\.conv_branch2a\.', '.conv1.'),
    (r'\.conv_branch2b1\.', '.conv2.'),
    (r'\.conv_branch2b2\.', '.conv3.'),
    (r'\.conv_branch1\.', '.shortcut.'),
    (r'^conv1a\.', 'stem.'),
    (r'^b(\d)\.', r'stage\1.0.'),
    (r'^b(\d)_(\d)\.', r'stage\1.\2.'),
    (r'^bn7\.', 'norm.'),
)
# Entries of MXNet's file to the names that the PSA family gives them.
MXNET_RULES: Rules = (
    (r'^(arg|aux):', ''),
    (r'_(gamma|weight)$', '.weight'),
    (r'_beta$', '.bias'),
    (r'_moving_(mean|var)$', r'.running_\1'),
    (r'^res(\d)a_', r'b\1.conv_'),
    (r'^res(\d)b(\d)_', r'b\1_\2.conv_'),
    (r'^bn(\d)a_', r'b\1.bn_'),
    (r'^bn(\d)b(\d)_', r'b\1_\2.bn_'),
)
# timm's and DeiT's names of a vision transformer to mmpretrain's.
VIT_RULES: Rules = (
    (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'^blocks\.(\d+)\.norm', r'layers.\1.ln'),
    (r'^blocks\.(\d+)\.mlp\.fc1\.', r'layers.\1.ffn.layers.0.0.'),
    (r'^blocks\.(\d+)\.mlp\.fc2\.', r'layers.\1.ffn.layers.1.'),
    (r'^blocks\.', 'layers.'),
    (r'^norm\.', 'ln1.'),
)
BACKBONE_PREFIX: Rules = ((r'^(stem|stage\d|norm)\.', r'backbone.\1.'),)


def _deit() -> nn.Module:
    """Mmpretrain's DeiT; the smallest, since only names count."""
    with torch.device('cpu'):
        return MODELS.build(dict(type='mmpretrain.VisionTransformer', arch='deit-tiny'))


def _resnet50(strides: tuple[int, ...]) -> nn.Module:
    """Mmpretrain's ResNet-50, built on CPU: it does not support the meta device."""
    with torch.device('cpu'):
        return MODELS.build(dict(type='mmpretrain.ResNet', depth=50, strides=strides))


def _prompts() -> nn.Module:
    """Where FMA has its context; all else follows from the config."""
    model = nn.Module()
    model.prompt = nn.Module()
    model.prompt.ctx = nn.Parameter(torch.empty(0))
    return model


MULTI_STAGE_FORMATS: dict[str, CheckpointFormat] = {
    'resnet38d': CheckpointFormat(
        summary=(
            "ResNet-38d's ImageNet weights as MXNet wrote them (resnet_38d.params, "
            'ilsvrc-cls_rna-a1_cls1000_ep-0001.params); becomes a state dict of ResNet38d. '
            'linear1000_* is dropped.'
        ),
        rules=MXNET_RULES + RESNET38D_RULES,
        counterpart=ResNet38d,
        dropped=r'(arg:)?linear1000_.*',
    ),
    's2c': CheckpointFormat(
        summary=(
            "classifier that S2C's training saves (<epoch>net_main.pth); becomes a state dict of "
            'CAMGenerator with ResNet38d and a projection. bn8.* is dropped, as nothing calls it.'
        ),
        rules=(
            *RESNET38D_RULES,
            *BACKBONE_PREFIX,
            (r'^fc8\.', 'head.proj.'),
            (r'^fc9\.', 'head.classifier.'),
        ),
        counterpart=lambda: CAMGenerator(
            ResNet38d(), CAMHead(in_channels=4096, num_classes=20, proj_channels=256)
        ),
        dropped=r'bn8\..*',
    ),
    'psa': CheckpointFormat(
        summary=(
            "AffinityNet that PSA's, ICAM's or MCTformer's training saves (res38_aff.pth); becomes "
            'a state dict of AffinityNet with ResNet38d.'
        ),
        rules=(
            *RESNET38D_RULES,
            *BACKBONE_PREFIX,
            (r'^f8_(\d)\.', r'head.proj\1.'),
            (r'^f9\.', 'head.fuse.'),
        ),
        counterpart=lambda: AffinityNet(ResNet38d(out_indices=(4, 5, 7))),
    ),
    'deit': CheckpointFormat(
        summary=(
            "DeiT's ImageNet weights (deit_small_patch16_224-cd65a155.pth, also tiny and base); "
            "becomes a state dict of mmpretrain's VisionTransformer, that ClassTokenViT reads too. "
            'head.* is dropped.'
        ),
        rules=VIT_RULES,
        counterpart=_deit,
        dropped=r'head\..*',
    ),
    'cti': CheckpointFormat(
        summary=(
            "network that CTI's training saves (its 69.5 checkpoint); becomes a state dict of CTI "
            'without the memory, which the release does not save. norm.* and pos_embed are '
            'dropped, as nothing reads them.'
        ),
        rules=(
            *VIT_RULES,
            (r'^tokenizer\.0\.', 'tokenizer.fc1.'),
            (r'^tokenizer\.2\.', 'tokenizer.fc2.'),
            (r'^pos_embed_pat$', 'pos_embed_patch'),
            (r'^head\.', 'head.conv.'),
            (r'^(?!head\.)', 'backbone.'),
        ),
        counterpart=lambda: CTI(
            ClassTokenViT(num_classes=20),
            PatchCAMHead(in_channels=384, num_classes=20),
            loss_cross=None,
        ),
        dropped=r'norm\..*|pos_embed',
    ),
    'fma': CheckpointFormat(
        summary=(
            "context of FMA-WSSS's prompts (start.pth, iter-<K>.pth, final.pth), whose one entry "
            'is prompt_learner.ctx; becomes a state dict of FMA.'
        ),
        rules=((r'^prompt_learner\.ctx$', 'prompt.ctx'),),
        counterpart=_prompts,
    ),
    'irn': CheckpointFormat(
        summary=(
            "IRN's network (res50_irn.pth, also of RIB and LPCAM); becomes a state dict of IRNet "
            "with mmpretrain's ResNet-50. Copies of tensors under other names are dropped."
        ),
        rules=(
            (r'^stage1\.0\.', 'backbone.conv1.'),
            (r'^stage1\.1\.', 'backbone.bn1.'),
            (r'^stage([2-5])\.0\.', lambda found: f'backbone.layer{int(found[1]) - 1}.'),
            (r'^fc_edge(\d)\.', r'edge.\1.'),
            (r'^fc_dp(\d)\.', r'disp.\1.'),
            (r'^mean_shift\.running_mean$', 'disp.mean'),
        ),
        counterpart=lambda: IRNet(_resnet50(strides=(1, 2, 2, 1))),
        dropped=r'(resnet50|backbone|edge_layers|dp_layers|fc_dp7\.4)\..*|path_indices.*|disp_target',
    ),
}
