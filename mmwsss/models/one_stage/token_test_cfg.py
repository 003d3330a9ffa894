"""How segmentors on the tokens of a frozen CLIP are tested."""

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
    """How WeCLIP, WeCLIP+ and ExCEL test (``test_cfg``).

    Args:
        output: ``'segmentation'``, which needs no tags, or ``'seeds'`` of the image-level labels,
            for second stages.
        long_side: The photo is resized so that its longer side has this length (sides are cut to
            whole numbers, of a product of floats: 511 for some photos). None keeps its size.
        square: Squeeze the photo to a square of ``long_side`` instead, also in validations.
        scales: Factors of that. A square is made of the photo, other scales of the resized photo.
        flip: Add the mirror image of each scale.
        flip_first: Whether the scale 1 has its mirror image too.
        average_at: Logits of all scales are averaged at this fraction of the photo's size; None
            averages them on the grid of the first.
        crf: Name of a protocol, or fields of a ``CRFProtocol``, of the dense CRF that the
            segmentation goes through; None leaves it out.
        threshold: Of the boxes around seeds, where it differs from that of the training's labels.
        learnt: Whether seeds use what the decoder has learnt. False is CLIP without any training.

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
        """A photo as the network sees it, not antialiased. Shape: (1, 3, H, W)."""
        if self.square:
            assert self.long_side is not None, 'checked above'
            side = int(self.long_side * scale)
            return F.interpolate(x, (side, side), mode='bilinear')
        if self.long_side is not None:
            ratio = self.long_side / max(x.shape[-2:])
            size = tuple(int(side * ratio) for side in x.shape[-2:])
            x = F.interpolate(x, size, mode='bilinear')
        return x if scale == 1 else F.interpolate(x, scale_factor=scale, mode='bilinear')

    def merge(
        self, segment: Callable[[Tensor], Tensor], photo: Tensor, size: tuple[int, int]
    ) -> Tensor:
        """Mean logits of all scales and mirrorings.

        Args:
            segment: Gives the logits of views (N, 3, H, W) on its own grid.
            photo: Normalised. Shape: (1, 3, H, W).
            size: Of the photo on disk.

        Returns:
            On the grid of the first scale, or at ``average_at`` of the size. Shape: (1, K, h, w).
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
