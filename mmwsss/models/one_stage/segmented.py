"""Output of a segmentor that works on the tokens of a frozen CLIP."""

from typing import NamedTuple

from torch import Tensor

from mmwsss.models.clip.image_tokens import CLIPTokens
from mmwsss.models.clip.surgery import SurgeryTokens


class Segmented(NamedTuple):
    """Output of the network for N images.

    Args:
        image: The images' tokens in CLIP.
        logits: Logits on the grid of patches. Shape: (N, C + 1, h, w).
        features: Features from which the affinity of patches is computed. Shape: (N, E, h, w).
        by_encoder: Logits of each encoder, if there are several.
    """

    image: CLIPTokens | SurgeryTokens
    logits: Tensor
    features: Tensor
    by_encoder: tuple[Tensor, ...] = ()
