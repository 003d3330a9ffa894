"""A SAM small enough for tests, whose masks are of all sizes."""

import torch

from benchmarks.synthetic_sam import shift_masks
from mmwsss.models import SAM
from tests.golden import fill

SIZES = dict(
    embed_dims=16,
    depth=2,
    num_heads=2,
    global_attn_indexes=(1,),
    image_size=128,
    out_channels=32,
    decoder_mlp=48,
)


def tiny_state(arch=None, salt='', level=0.0):
    """Weights of a SAM of these sizes.

    Args:
        arch: Fields of ``SAMSizes``.
        salt: Another one, other weights.
        level: Added to the logits of all masks.
    """
    shapes = SAM(arch=arch or SIZES).module.state_dict()
    filled = fill.state_dict({name: tuple(value.shape) for name, value in shapes.items()}, salt)
    state = {name: torch.from_numpy(value) for name, value in filled.items()}
    shift_masks(state, level)
    state['mask_decoder.iou_prediction_head.layers.2.bias'] += 1.2
    return state


def tiny_sam(*, arch=None, salt='', level=0.0, **options):
    """A SAM with such weights."""
    sam = SAM(arch=arch or SIZES, **options)
    sam.load_state_dict(tiny_state(arch, salt, level))
    return sam
