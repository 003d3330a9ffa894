"""Test options of one-stage transformers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mmwsss.models.cam_generators.base import CAMTestCfg

Merge = Literal['sum', 'max']


@dataclass(frozen=True)
class OneStageTestCfg(CAMTestCfg):
    """Options of making segmentations and seeds (``test_cfg``, ``val_cfg``).

    Segmentation uses no image-level labels. Seeds are made for the tagged classes (``use_tags``),
    which is an oracle on any list that is not trained on.

    Args:
        flip: Add the mirror image of every scale to the segmentation.
        fuse: How maps are fused; seeds always use mirror images, at the model's ``cam_scales``.
        scales: Scales of the segmentation; sides are cut to integers.
        side: Squeeze the image to a square of this side first; None keeps its size.
        merge_flips: How logits of both views are merged.
        merge_scales: How logits of the scales are merged.
        seeds: Also make seeds of the class activation maps.
    """

    fuse: str = 'max_flip'
    scales: Sequence[float] = (1.0,)
    side: int | None = None
    merge_flips: Merge = 'sum'
    merge_scales: Merge = 'max'
    seeds: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.scales or min(self.scales) <= 0 or (self.side is not None and self.side < 1):
            raise ValueError(
                'test_cfg.scales must be positive factors and side a number of pixels or None, '
                f'found {self.scales} and {self.side}'
            )
        for name in ('merge_flips', 'merge_scales'):
            if getattr(self, name) not in get_args(Merge):
                raise ValueError(
                    f'test_cfg.{name} must be one of {get_args(Merge)}, '
                    f'found {getattr(self, name)!r}'
                )
        if self.fuse != 'max_flip':
            raise ValueError(f"test_cfg.fuse is 'max_flip' here, found {self.fuse!r}")
