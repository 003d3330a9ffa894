"""Convolution on patch tokens that outputs class activation maps."""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class PatchCAMHead(BaseModule):
    """3x3 convolution with bias, as MCTformer-V2 and CTI have it on their patches.

    Args:
        in_channels: Channels D of a patch.
        num_classes: Number of foreground classes C.
        background: Make a map of the background too, in front.
        init_cfg: See :class:`mmengine.model.BaseModule`. Defaults to torch's own weights.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        num_classes: int,
        background: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.conv = nn.Conv2d(in_channels, num_classes + background, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Raw class activation maps, which may be negative.

        Args:
            x: Patches. Shape: (N, in_channels, h, w).

        Returns:
            Shape: (N, K, h, w), background first where there is one.
        """
        return self.conv(x)
