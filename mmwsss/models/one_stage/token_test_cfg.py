"""Test options of segmentors that work on the tokens of a frozen CLIP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from mmwsss.ops.dense_crf import crf_protocol

Output = Literal['segmentation', 'seeds']


@dataclass(frozen=True)
class TokenTestCfg:
    """Test options of WeCLIP, WeCLIP+ and ExCEL (``test_cfg``).

    Args:
        output: ``'segmentation'``, which needs no tags, or ``'seeds'`` of the image-level labels,
            for second stages.
        long_side: The photo is resized so that its longer side has this length (sides are products
            of floats, cut to integers: 511 for some photos). None keeps its size.
        square: Squeeze the photo to a square of ``long_side`` instead, also in validations.
        scales: Factors of that size. Squares are always resized from the photo itself, other scales
            from the photo as it was resized to ``long_side``.
        flip: Add the mirror image of each scale.
        flip_first: Add it at scale 1 too.
        average_at: Average the logits of all scales at this fraction of the photo's size; None
            averages them on the grid of the first scale.
        crf: Dense CRF that refines the segmentation: the name of a protocol or fields of a
            ``CRFProtocol``; None leaves it out.
        threshold: Threshold of the boxes around peaks from which seeds are spread; None takes that
            of the training's labels.
        learnt: Whether seeds use what the decoder has learnt. False uses CLIP alone, untrained.

    Raises:
        ValueError: A value is out of range.
    """

    output: Output = 'segmentation'
    long_side: int | None = 512
    square: bool = False
    scales: tuple[float, ...] = (1.0, 0.75)
    flip: bool = True
    flip_first: bool = True
    average_at: float | None = None
    crf: str | dict[str, Any] | None = None
    threshold: float | None = None
    learnt: bool = True

    def __post_init__(self) -> None:
        if self.output not in get_args(Output):
            raise ValueError(
                f'test_cfg.output must be one of {get_args(Output)}, found {self.output!r}'
            )
        if not self.scales or min(self.scales) <= 0 or (self.long_side or 1) < 1:
            raise ValueError(
                'test_cfg has positive scales and a positive long_side (or None), found '
                f'{self.scales} and {self.long_side}'
            )
        if self.square and self.long_side is None:
            raise ValueError('test_cfg.square needs long_side, the side of the square')
        fraction = 1 if self.average_at is None else self.average_at
        if not 0 < fraction <= 1 or not 0 <= (self.threshold or 0) <= 1:
            raise ValueError(
                'test_cfg.average_at lies in (0, 1] and threshold in [0, 1], found '
                f'{self.average_at} and {self.threshold}'
            )
        object.__setattr__(self, 'scales', tuple(self.scales))
        if self.crf is not None:
            crf_protocol(self.crf)

    def view(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """Resize a photo as the network sees it, not antialiased. Shape: (1, 3, H, W)."""
        if self.square:
            assert self.long_side is not None, 'checked above'
            side = int(self.long_side * scale)
            return F.interpolate(x, (side, side), mode='bilinear')
        if self.long_side is not None:
            ratio = self.long_side / max(x.shape[-2:])
            size = tuple(max(1, int(side * ratio)) for side in x.shape[-2:])
            x = F.interpolate(x, size, mode='bilinear')
        return x if scale == 1 else F.interpolate(x, scale_factor=scale, mode='bilinear')

    def merge(
        self, segment: Callable[[Tensor], Tensor], photo: Tensor, size: tuple[int, int]
    ) -> Tensor:
        """Segment a photo at all scales with their mirror images, and average the logits.

        Args:
            segment: Gives the logits of views (N, 3, H, W) on its own grid.
            photo: Normalised photo. Shape: (1, 3, H, W).
            size: (H, W) of the photo on disk.

        Returns:
            Logits on the grid of the first scale, or at ``average_at`` of the size.
            Shape: (1, K, h, w).
        """
        merged, grid = [], None
        if self.average_at is not None:
            grid = tuple(max(1, int(side * self.average_at)) for side in size)
        for scale in self.scales:
            view, flip = self.view(photo, scale), self.flip and (scale != 1 or self.flip_first)
            logits = segment(torch.cat([view, view.flip(-1)]) if flip else view).float()
            if flip:
                logits = (logits[:1] + logits[1:].flip(-1)) / 2
            grid = grid or tuple(logits.shape[-2:])
            merged.append(F.interpolate(logits, grid, mode='bilinear'))
        return torch.stack(merged).mean(0)
