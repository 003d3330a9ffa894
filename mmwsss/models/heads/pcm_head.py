"""ICAM's head: a classifier at every position, and a module that propagates its logits."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmwsss.ops.propagation import propagate
from mmwsss.registry import MODELS


class PCMOutput(NamedTuple):
    """Class scores of every position, background first.

    Args:
        logits: Of the classifier. Shape: (N, C + 1, h, w).
        revised: The same, propagated to positions of like features. Shape: (N, C + 1, h, w).
    """

    logits: Tensor
    revised: Tensor


@MODELS.register_module()
class PCMHead(BaseModule):
    """Classifier with a background class, and a pixel correlation module.

    The head of ICAM (arXiv 2203.12459), after SEAM (CVPR 2020): colours and two projections of
    inner feature maps say which positions are alike, and the classifier's logits are propagated
    between them (:func:`~mmwsss.ops.propagation.propagate`). Unlike SEAM's, the logits that are
    propagated keep their gradient; the backbone gets none from the inner maps.

    Args:
        num_classes: Number of foreground classes C.
        in_channels: Channels of the two inner feature maps and of the last. They have one size;
            those of another backbone that are larger than the last are averaged down to it.
        channels: Channels of the projections of the two.
        embed_channels: Channels of what is compared.
        dropout: Channel dropout before the classifier.
        budget_mib: See :func:`~mmwsss.ops.propagation.propagate`.
        init_cfg: Defaults to the published initialisation.

    Raises:
        ValueError: Other than three feature maps and two projections are described.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        in_channels: Sequence[int] = (512, 1024, 4096),
        channels: Sequence[int] = (64, 128),
        embed_channels: int = 192,
        dropout: float = 0.5,
        budget_mib: int = 256,
        init_cfg: dict | list[dict] | None = None,
    ):
        if init_cfg is None:
            xavier = dict(type='Xavier', distribution='uniform')
            override = [dict(xavier, name='classifier'), dict(xavier, name='embed', gain=4)]
            init_cfg = dict(type='Kaiming', layer='Conv2d', mode='fan_in', override=override)
        super().__init__(init_cfg)
        if len(in_channels) != 3 or len(channels) != 2:
            raise ValueError(
                'three feature maps and two projections are expected, found in_channels '
                f'{tuple(in_channels)} and channels {tuple(channels)}'
            )
        self.num_classes, self.budget_mib = num_classes, budget_mib
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = nn.Conv2d(in_channels[2], num_classes + 1, 1, bias=False)
        self.proj3 = nn.Conv2d(in_channels[0], channels[0], 1, bias=False)
        self.proj4 = nn.Conv2d(in_channels[1], channels[1], 1, bias=False)
        self.embed = nn.Conv2d(3 + sum(channels), embed_channels, 1, bias=False)

    def forward(self, features: Sequence[Tensor], images: Tensor) -> PCMOutput:
        """Classify and propagate.

        Args:
            features: Two inner feature maps and the last, (N, D, h, w) each.
            images: What the backbone saw, normalised. Shape: (N, 3, H, W).
        """
        logits = self.classifier(self.dropout(features[-1]))
        grid = logits.shape[-2:]
        colours = F.interpolate(images, grid, mode='bilinear', align_corners=True)
        inner = [x.detach() for x in features[:-1]]
        inner = [x if x.shape[-2:] == grid else F.adaptive_avg_pool2d(x, grid) for x in inner]
        parts = [F.relu(self.proj3(inner[0])), F.relu(self.proj4(inner[1]))]
        return PCMOutput(logits, self.propagate(logits, torch.cat([colours, *parts], 1)))

    def propagate(self, logits: Tensor, features: Tensor) -> Tensor:
        """Propagate logits (N, K, h, w) by features (N, 3 + sum(channels), h, w)."""
        return propagate(logits, self.embed(features), self.budget_mib)
