"""What a segmentor on the tokens of a frozen CLIP says about images."""

from typing import NamedTuple

from torch import Tensor

from mmwsss.models.clip.clip import CLIPTokens
from mmwsss.models.clip.surgery import SurgeryTokens


class Segmented(NamedTuple):
    """What the network says about N images.

    Args:
        image: Their tokens in CLIP.
        logits: On the grid of patches. Shape: (N, C + 1, h, w).
        features: What the affinity of places is made of. Shape: (N, E, h, w).
        by_encoder: Logits of each encoder, where there are several.
    """

    image: CLIPTokens | SurgeryTokens
    logits: Tensor
    features: Tensor
    by_encoder: tuple[Tensor, ...] = ()
