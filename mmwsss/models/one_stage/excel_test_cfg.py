"""How ExCEL tests."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from mmwsss.ops.dense_crf import crf_protocol

Output = Literal['segmentation', 'seeds']


@dataclass(frozen=True)
class ExCELTestCfg:
    """How ExCEL tests (``test_cfg``).

    Args:
        output: ``'segmentation'``, which needs no tags, or ``'seeds'`` of the image-level labels.
        side: Photos are squeezed to a square of this side.
        scales: Further sides, as factors of it; logits of all are averaged at the photo's size.
        flip: Add the mirror image of each scale.
        flip_first: Whether the scale 1 has its mirror image too. Published: not on VOC.
        average_at: Logits are averaged at this fraction of the photo's size. Published on COCO:
            0.2.
        crf: Name of a protocol, or fields of a ``CRFProtocol``, of the dense CRF that the
            segmentation goes through; None leaves it out.
        threshold: Of the boxes around seeds. Published: 0.75 in validations, 0.79 without training.
        learnt: Whether seeds use what the decoder has learnt. False is ExCEL without any training.

    Raises:
        ValueError: A value is out of range.
    """

    output: Output = 'segmentation'
    side: int = 320
    scales: tuple[float, ...] = (0.7, 1.0, 1.2, 1.5)
    flip: bool = True
    flip_first: bool = False
    average_at: float = 1.0
    crf: str | dict[str, Any] | None = None
    threshold: float = 0.75
    learnt: bool = True

    def __post_init__(self) -> None:
        if self.output not in get_args(Output):
            raise ValueError(
                f'test_cfg.output must be one of {get_args(Output)}, found {self.output!r}'
            )
        if not self.scales or min(self.scales) <= 0 or self.side < 1:
            raise ValueError(
                f'test_cfg has positive scales and side, found {self.scales} and {self.side}'
            )
        if not 0 < self.average_at <= 1 or not 0 <= self.threshold <= 1:
            raise ValueError(
                'test_cfg.average_at lies in (0, 1] and threshold in [0, 1], found '
                f'{self.average_at} and {self.threshold}'
            )
        object.__setattr__(self, 'scales', tuple(self.scales))
        if self.crf is not None:
            crf_protocol(self.crf)
