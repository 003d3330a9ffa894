"""A decoder without norm, bias and dropout."""

from typing import Any

from torch import nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class DilatedDecoder(nn.Sequential):
    """Two dilated 3x3 convolutions with ReLU and a 1x1 classifier: ToCo's "LargeFOV".

    Unlike in :class:`~mmwsss.models.heads.LargeFOVHead` the second convolution is 3x3 too, and
    there is no norm, bias or dropout. Weights begin as torch initialises convolutions.

    Args:
        in_channels: Channels of the patches.
        num_classes: Classes, the background included.
        channels: Hidden channels.
        dilation: Of both 3x3 convolutions.

    Shape:
        - Input: (N, in_channels, h, w).
        - Output: logits (N, num_classes, h, w).
    """

    def __init__(
        self, *, in_channels: int, num_classes: int, channels: int = 512, dilation: int = 5
    ):
        options: dict[str, Any] = dict(padding=dilation, dilation=dilation, bias=False)
        super().__init__(
            nn.Conv2d(in_channels, channels, 3, **options),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, **options),
            nn.ReLU(),
            nn.Conv2d(channels, num_classes, 1, bias=False),
        )
