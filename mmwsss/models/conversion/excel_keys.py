"""Names of ExCEL's published checkpoints."""

from torch import nn

from mmwsss.models.conversion.checkpoint_keys import FORMATS, CheckpointFormat
from mmwsss.models.heads.token_decoder import TokenDecoder, TokenFusion


def _excel() -> nn.Module:
    """What ExCEL trains; only names count."""
    model = nn.Module()
    model.fusion = TokenFusion(8, 12, channels=8)
    model.decoder = TokenDecoder(2, channels=8, layers=3, heads=1)
    return model


EXCEL_FORMATS = {
    'excel': CheckpointFormat(
        summary=(
            "network that ExCEL's training saves; becomes a state dict of ExCEL. encoder.*, which "
            'is the frozen CLIP with its surgery blocks, is dropped.'
        ),
        rules=((r'^module\.', ''), *FORMATS['weclip'].rules),
        counterpart=_excel,
        dropped=r'(module\.)?encoder\..*',
    ),
}
