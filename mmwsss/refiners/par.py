"""Pixel-adaptive refinement (PAR) of seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.par import DILATIONS, par
from mmwsss.refiners.base import Refiner, check_input
from mmwsss.registry import REFINERS
from mmwsss.structures import Proposals, Seeds


@REFINERS.register_module()
class PAR(Refiner):
    """Smooth seeds between pixels of similar colour; see :func:`mmwsss.ops.par.par`.

    A stand-in for the dense CRF that needs no compiled library and runs on the GPU; its numbers
    are not the CRF's.

    Args:
        background: None smooths each map on its own (also the background map, if there is one):
            scores keep their scale, and any threshold can follow. A number is a background score
            with which the classes compete in a softmax, as in ToCo: the result has a background
            map.
        tuned_on_masks: Whether ``background`` was chosen on ground truth, to be recorded.
        iterations: How often the maps are averaged.
        down_scale: Work at this fraction of the image's size, rounded down.
        max_side: Longest side to work at; photos that ``down_scale`` leaves larger are reduced
            further, which bounds the time. None sets no limit.
        dilations: Distances of the neighbours, in pixels of the reduced image.
        sharpness: Smaller makes the nearest neighbours count more.
        position: Weight of nearness in space beside nearness in colour.
    """

    runs_in = 'device'
    output = 'seeds'

    def __init__(
        self,
        background: float | None = None,
        *,
        tuned_on_masks: bool = False,
        iterations: int = 10,
        down_scale: int = 2,
        max_side: int | None = None,
        dilations: Sequence[int] = DILATIONS,
        sharpness: float = 0.3,
        position: float = 0.01,
    ) -> None:
        if background is not None and not 0 <= background <= 1:
            raise ValueError(f'background must lie in [0, 1] or be None, found {background}')
        if iterations < 0 or down_scale < 1 or not dilations or min(dilations) < 1:
            raise ValueError(
                'iterations >= 0, down_scale >= 1 and dilations >= 1 expected, found '
                f'{iterations}, {down_scale} and {tuple(dilations)}'
            )
        if max_side is not None and max_side < 1:
            raise ValueError(f'max_side is at least 1 or None, found {max_side}')
        self.max_side = max_side
        self.background, self.tuned_on_masks = background, tuned_on_masks
        self.iterations, self.down_scale = iterations, down_scale
        self.dilations, self.sharpness, self.position = tuple(dilations), sharpness, position

    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> Seeds:
        """Seeds at the reduced size; see :class:`Refiner`."""
        check_input(image, seeds)
        own_map = seeds.background is not None
        if own_map and self.background is not None:
            raise ValueError(
                f'the seeds have a background map: PAR(background={self.background}) would replace '
                'it. Use PAR(background=None)'
            )
        if not len(seeds.classes) and not own_map and self.background is None:
            return seeds
        pixels = image_tensor(image, self.device)
        size = self._working_size(seeds.size)
        full = seeds.resize()
        maps = torch.from_numpy(full.scores).to(self.device)
        if own_map:
            maps = torch.cat([torch.from_numpy(full.background).to(maps)[None], maps])
        elif self.background is not None:
            maps = torch.cat([maps.new_full((1, *seeds.size), self.background), maps])
        smooth = max(size) < max(seeds.size) // self.down_scale  # reduced by max_side too
        pixels, maps = (
            F.interpolate(x, size, mode='bilinear', align_corners=False, antialias=smooth)
            for x in (pixels, maps[None])
        )
        if self.background is not None:
            maps = maps.softmax(1)
        options = {'sharpness': self.sharpness, 'position': self.position}
        smoothed = par(
            pixels, maps, dilations=self.dilations, iterations=self.iterations, **options
        )
        # Undo the factor of the weights' sum; rounding may leave [0, 1].
        refined = (smoothed[0] / (1 + self.position) ** self.iterations).clamp(0, 1).cpu().numpy()
        with_map = len(refined) > len(seeds.classes)
        return Seeds(
            seeds.classes, refined[int(with_map) :], refined[0] if with_map else None, seeds.size
        )

    def _working_size(self, size: tuple[int, int]) -> list[int]:
        longest = max(size) // self.down_scale
        if self.max_side is None or longest <= self.max_side:
            return [max(1, side // self.down_scale) for side in size]
        return [max(1, round(side * self.max_side / max(size))) for side in size]

    def protocol(self) -> dict[str, Any]:
        """All options."""
        return {
            'type': 'PAR',
            'background': self.background,
            'iterations': self.iterations,
            'down_scale': self.down_scale,
            **({} if self.max_side is None else {'max_side': self.max_side}),
            'dilations': list(self.dilations),
            'sharpness': self.sharpness,
            'position': self.position,
            'threshold_tuned_on_masks': self.tuned_on_masks,
        }


def image_tensor(image: np.ndarray, device: torch.device) -> Tensor:
    """Image in [0, 1]. Shape: (H, W, 3) uint8 to (1, 3, H, W) float32."""
    return torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 255
