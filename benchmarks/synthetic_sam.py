"""Segment Anything with random weights whose masks are of all sizes and qualities."""

import torch
from torch import Tensor, nn

from mmwsss.models import SAM

#: The published decoder behind an image encoder that costs next to nothing.
SMALL = dict(embed_dims=32, depth=2, num_heads=2, global_attn_indexes=(1,))


def shift_masks(state: dict[str, Tensor], level: float) -> None:
    """Spread the logits of all masks and add ``level``, in place.

    One channel of the upscaled embedding becomes constant, and the masks' heads weigh it.

    Args:
        state: State dict of a ``segment_anything.Sam``.
        level: The greater, the larger the masks.
    """
    state['mask_decoder.output_upscaling.3.weight'][:, 0] = 0
    state['mask_decoder.output_upscaling.3.bias'][0] = 4
    for index in range(4):
        head = f'mask_decoder.output_hypernetworks_mlps.{index}.layers.2.'
        for leaf in ('weight', 'bias'):
            state[head + leaf] *= 4
            state[head + leaf][0] = 0
        state[head + 'bias'][0] = level / 4


@torch.no_grad()
def random_sam(arch: str | dict, *, level: float = 0.0, seed: int = 0) -> SAM:
    """A SAM whose layers keep the scale of what they see.

    Args:
        arch: See :class:`~mmwsss.models.sam.sam.SAM`.
        level: See :func:`shift_masks`.
        seed: Of the weights.
    """
    sam = SAM(arch=arch)
    torch.manual_seed(seed)
    for parameter in sam.module.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        else:
            parameter += 0.1 * torch.randn_like(parameter)
    state = sam.module.state_dict()
    shift_masks(state, level)
    sam.load_state_dict(state)
    return sam
