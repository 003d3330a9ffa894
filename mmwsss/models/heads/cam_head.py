"""Head whose classifier gives class activation maps."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmwsss.registry import MODELS


@MODELS.register_module()
class CAMHead(BaseModule):
    """1x1 classifier on a feature map, with an optional 1x1 projection and ReLU before it.

    A classifier on pooled features and one on every pixel are the same linear map, so the mean of
    the class activation maps is the image's class score (`Learning Deep Features for
    Discriminative Localization <https://arxiv.org/abs/1512.04150>`_).

    Args:
        in_channels: Channels of the feature map.
        num_classes: Number of foreground classes C.
        proj_channels: Channels D of the projection; None leaves it out. S2C has 256.
        bias: Give the classifier a bias. The published CAM networks have none.
        init_cfg: Defaults to Xavier-uniform weights.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        num_classes: int,
        proj_channels: int | None = None,
        bias: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ):
        if init_cfg is None:
            init_cfg = dict(type='Xavier', layer='Conv2d', distribution='uniform')
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.proj = None
        if proj_channels is not None:
            self.proj = nn.Conv2d(in_channels, proj_channels, 1, bias=False)
        self.classifier = nn.Conv2d(proj_channels or in_channels, num_classes, 1, bias=bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Class activation maps of a feature map.

        Args:
            x: Feature map. Shape: (N, in_channels, h, w).

        Returns:
            What the classifier sees, (N, D, h, w), and the raw class activation maps, which may
            be negative, (N, C, h, w).
        """
        if self.proj is not None:
            x = F.relu(self.proj(x))
        return x, self.classifier(x)
