"""Names in the checkpoints of ToCo."""

from torch import nn

from mmwsss.models.conversion.checkpoint_keys import VIT_RULES, CheckpointFormat, _deit
from mmwsss.models.heads import DilatedDecoder, PrototypeHead


def _toco() -> nn.Module:
    """ToCo; positions are named as in mmpretrain's DeiT, which ClassTokenViT reads."""
    model = nn.Module()
    model.network = nn.Module()
    model.network.backbone = _deit()
    model.network.decoder = DilatedDecoder(in_channels=8, num_classes=2, channels=8)
    model.network.classifier = nn.Conv2d(8, 2, 1, bias=False)
    model.network.aux_classifier = nn.Conv2d(8, 2, 1, bias=False)
    model.student, model.teacher = PrototypeHead(8), PrototypeHead(8)
    return model


TOCO_FORMATS = {
    'toco': CheckpointFormat(
        summary=(
            "network that ToCo's training saves; becomes a state dict of ToCo. encoder.head.* is "
            'dropped, as nothing reads it, and weight_g, the magnitudes of prototypes, which stay '
            '1.'
        ),
        rules=(
            *((old.replace('^', r'^encoder\.'), f'encoder.{new}') for old, new in VIT_RULES),
            (r'^encoder\.', 'network.backbone.'),
            *((rf'^decoder\.conv{6 + k}\.', f'network.decoder.{2 * k}.') for k in range(3)),
            (r'^(aux_)?classifier\.', r'network.\1classifier.'),
            (r'^proj_head\.', 'student.'),
            (r'^proj_head_t\.', 'teacher.'),
            (r'last_layer\.weight_v$', 'prototypes'),
        ),
        counterpart=_toco,
        dropped=r'encoder\.head\..*|proj_head(_t)?\.last_layer\.weight_g',
    ),
}
