"""Train raw class activation maps with a label map."""

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from mmwsss.registry import MODELS

Norm = Literal['l1', 'l2']
Reduction = Literal['all', 'fg-bg', 'fg-bg-per-pos']


@MODELS.register_module()
class CAMActivationLoss(nn.Module):
    """Pull the CAM of each present class to its maximum inside the class and to 0 outside.

    The CAM activation loss of FMA-WSSS (WACV 2024), as released. Each map is enlarged to the label
    (bilinear, align_corners False). Where the label is the map's class, the distance to the map's
    greatest value there (without gradient, at least 0) is summed; where it is anything else, the
    positive part of the map; unlabelled pixels (255) take no part.

    Args:
        norm: ``'l1'`` (published), or ``'l2'``: half the squares.
        reduction: ``'all'`` (published): both sums over the number of pixels of all maps;
            ``'fg-bg'``: half of each sum over the number of its own pixels; ``'fg-bg-per-pos'``:
            the same for each map, then the mean over maps.
        fg_weight: Factor of the first term.
        bg_weight: Factor of the second term.
    """

    def __init__(
        self,
        *,
        norm: Norm = 'l1',
        reduction: Reduction = 'all',
        fg_weight: float = 1.0,
        bg_weight: float = 1.0,
    ):
        super().__init__()
        for name, value, known in (('norm', norm, Norm), ('reduction', reduction, Reduction)):
            if value not in get_args(known):
                raise ValueError(f'{name} must be one of {get_args(known)}, found {value!r}')
        self.norm, self.reduction = norm, reduction
        self.fg_weight, self.bg_weight = fg_weight, bg_weight

    def forward(self, cam: Tensor, tags: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Compute both terms of a batch.

        Args:
            cam: Raw maps of the pairs of image and present class, in the order of
                ``tags.nonzero()``. Shape: (P, h, w).
            tags: Multi-hot. Shape: (N, C).
            label: 0 background, c + 1 class c, 255 unlabelled. Shape: (N, H, W), int64.

        Returns:
            The foreground term and the background term; 0 without any pair.
        """
        image, classes = (tags > 0).nonzero(as_tuple=True)
        if not len(image):
            return self.fg_weight * cam.sum(), self.bg_weight * cam.sum()
        cam = F.interpolate(
            cam.float()[:, None], label.shape[-2:], mode='bilinear', align_corners=False
        )[:, 0].flatten(1)
        label = label[image].flatten(1)
        inside = label == classes[:, None] + 1
        outside = ~inside & (label != 255)
        greatest = (cam.detach() * inside).amax(1, keepdim=True).clamp(min=0)
        foreground = self._distance((greatest - cam) * inside).sum(1)
        background = self._distance(cam.relu() * outside).sum(1)
        fg, bg = self._reduce(foreground, background, inside.sum(1), outside.sum(1))
        return self.fg_weight * fg, self.bg_weight * bg

    def _distance(self, values: Tensor) -> Tensor:
        return values.abs() if self.norm == 'l1' else values.square() / 2

    def _reduce(
        self, foreground: Tensor, background: Tensor, inside: Tensor, outside: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Average the sums of each map by ``reduction``. Shapes: (P,)."""
        if self.reduction == 'all':
            pixels = (inside.sum() + outside.sum()).clamp(min=1)
            return foreground.sum() / pixels, background.sum() / pixels
        if self.reduction == 'fg-bg':
            foreground, inside = foreground.sum(), inside.sum()
            background, outside = background.sum(), outside.sum()
        halves = (
            foreground / inside.clamp(min=1) / 2,
            background / outside.clamp(min=1) / 2,
        )
        return halves[0].mean(), halves[1].mean()
