"""Names of ICAM's checkpoints, and of those of its extended training."""

import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmwsss.models.backbones import ResNet38d
from mmwsss.models.cam_generators import ICAM
from mmwsss.models.conversion.checkpoint_keys import (
    BACKBONE_PREFIX,
    RESNET38D_RULES,
    CheckpointFormat,
    Rules,
)
from mmwsss.models.heads import PCMHead
from mmwsss.models.segmentors.similarity_segmentor import SimilaritySegmentor
from mmwsss.registry import MODELS

# The same names below `backbone.`.
WRAPPED_RESNET38D_RULES: Rules = tuple(
    (pattern.replace('^', r'^backbone\.'), f'backbone.{new}' if pattern[0] == '^' else new)
    for pattern, new in RESNET38D_RULES
)
# Three convolutions and norms in a sequence, the last norm beside it; ours are pairs.
STEM_RULES: Rules = (
    (r'^((?:backbone\.)?)conv1\.0\.', r'\1stem.0.conv.'),
    (r'^((?:backbone\.)?)conv1\.1\.', r'\1stem.0.bn.'),
    (r'^((?:backbone\.)?)conv1\.3\.', r'\1stem.1.conv.'),
    (r'^((?:backbone\.)?)conv1\.4\.', r'\1stem.1.bn.'),
    (r'^((?:backbone\.)?)conv1\.6\.', r'\1stem.2.conv.'),
    (r'^((?:backbone\.)?)bn1\.', r'\1stem.2.bn.'),
)


def _res2net101() -> nn.Module:
    """Mmpretrain's Res2Net-101, built on CPU: it does not support the meta device."""
    with torch.device('cpu'):
        return MODELS.build(dict(type='mmpretrain.Res2Net', depth=101))


def _large_fov() -> nn.Module:
    """ICAM's final network."""
    head = dict(type='LargeFOVHead', in_channels=4096, num_classes=21)
    with DefaultScope.overwrite_default_scope('mmwsss'):
        return SimilaritySegmentor(dict(type='ResNet38d'), head, loss_similarity=None)


def _pspnet(backbone: nn.Module, in_channels: tuple[int, int]) -> nn.Module:
    """PMM's PSPNet on a backbone, under mmseg's names."""
    # The loss by its full name: after a runner the default scope is not mmseg's.
    loss = dict(type='mmseg.CrossEntropyLoss')
    shared = dict(num_classes=21, norm_cfg=dict(type='BN'), loss_decode=loss)
    model = nn.Module()
    model.backbone = backbone
    model.decode_head = MODELS.build(
        dict(type='mmseg.PSPHead', in_channels=in_channels[1], channels=512, **shared)
    )
    model.auxiliary_head = MODELS.build(
        dict(
            type='mmseg.FCNHead',
            in_channels=in_channels[0],
            channels=256,
            num_convs=1,
            concat_input=False,
            **shared,
        )
    )
    return model


ICAM_FORMATS: dict[str, CheckpointFormat] = {
    'icam': CheckpointFormat(
        summary=(
            "network that ICAM's first stage saves (cam.pth); becomes a state dict of ICAM with "
            'ResNet38d. Its AffinityNet (aff.pth) is of the kind psa.'
        ),
        rules=(
            *RESNET38D_RULES,
            *BACKBONE_PREFIX,
            (r'^f8_(\d)\.', r'head.proj\1.'),
            (r'^f9\.', 'head.embed.'),
            (r'^fc8\.', 'head.classifier.'),
        ),
        counterpart=lambda: ICAM(
            ResNet38d(out_indices=(4, 5, 7)), PCMHead(num_classes=20), loss_similarity=None
        ),
    ),
    'icam_final': CheckpointFormat(
        summary=(
            "DeepLab-v1 that ICAM's final stage saves (final.pth); becomes a state dict of "
            'SimilaritySegmentor with ResNet38d and LargeFOVHead.'
        ),
        rules=(
            *WRAPPED_RESNET38D_RULES,
            (r'^conv_(fov2?)\.', r'decode_head.\1.conv.'),
            (r'^bn_(fov2?)\.', r'decode_head.\1.bn.'),
            (r'^cls_conv\.', 'decode_head.conv_seg.'),
        ),
        counterpart=_large_fov,
    ),
    'icam_extended_r38': CheckpointFormat(
        summary=(
            "PSPNet on ResNet-38d of ICAM's extended training (WSSS_MMSeg); becomes a state dict "
            'of mmseg.EncoderDecoder with ResNet38d.'
        ),
        rules=WRAPPED_RESNET38D_RULES,
        counterpart=lambda: _pspnet(ResNet38d(out_indices=(5, 7)), (1024, 4096)),
    ),
    'icam_extended_r2n101': CheckpointFormat(
        summary=(
            "PSPNet on Res2Net-101 of ICAM's extended training (WSSS_MMSeg); becomes a state dict "
            "of mmseg.EncoderDecoder with mmpretrain's Res2Net."
        ),
        rules=STEM_RULES,
        counterpart=lambda: _pspnet(_res2net101(), (1024, 2048)),
    ),
    'res2net101': CheckpointFormat(
        summary=(
            "Res2Net-101's ImageNet weights (res2net101_v1b_26w_4s-*.pth); becomes a state dict of "
            "mmpretrain's Res2Net. fc.* is dropped."
        ),
        rules=STEM_RULES,
        counterpart=_res2net101,
        dropped=r'fc\..*',
    ),
}
