"""How WeCLIP tests, and when its labels change."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from mmengine.logging import MessageHub

from mmwsss.ops.dense_crf import crf_library, crf_protocol

Output = Literal['segmentation', 'seeds']
Count = Literal['iterations', 'forwards']


@dataclass(frozen=True)
class WeCLIPTestCfg:
    """How WeCLIP tests (``test_cfg``).

    Args:
        output: ``'segmentation'``, which needs no tags, or ``'seeds'`` of the image-level labels,
            for second stages.
        long_side: The photo is resized so that its longer side has this length (sides are cut to
            whole numbers, of a product of floats: 511 for some photos). None keeps its size.
        scales: Factors of that; a scale is made of the resized photo. Logits are averaged on the
            grid of the first.
        flip: Add the mirror image of each scale.
        crf: Name of a protocol, or fields of a ``CRFProtocol``, of the dense CRF that the
            segmentation goes through; None leaves it out.
    """

    output: Output = 'segmentation'
    long_side: int | None = 512
    scales: tuple[float, ...] = (1.0, 0.75)
    flip: bool = True
    crf: str | dict[str, Any] | None = None

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
        object.__setattr__(self, 'scales', tuple(self.scales))
        if self.crf is not None:
            crf_library()
            crf_protocol(self.crf)


class PhaseTrigger:
    """When labels begin to use the affinity that is being learnt: WeCLIP's phase 2.

    Testing is always phase 2.

    Args:
        after: Phase 2 begins when the count exceeds it; 0 is phase 2 from the beginning.
        count: ``'iterations'`` of the training, from 1. Or ``'forwards'``, as published: every
            call of the network counts, those of the validation too, and a resumed training begins
            at 0 again. With a validation of 1464 images after every 2000 iterations, 15000
            forwards are exceeded in iteration 9145.
    """

    def __init__(self, after: int = 15000, count: Count = 'iterations') -> None:
        if after < 0 or count not in get_args(Count):
            raise ValueError(
                f'after is at least 0 and count one of {get_args(Count)}, found {after} and '
                f'{count!r}'
            )
        self.after, self.count, self.forwards = after, count, 0

    def saw_forward(self) -> None:
        """Count a call of the network."""
        self.forwards += 1

    def __call__(self) -> bool:
        """Whether the training is in phase 2, the call that it is in being counted."""
        if self.count == 'forwards':
            return self.forwards > self.after
        return training_iteration() > self.after


def training_iteration() -> int:
    """Number of the training iteration that is running, from 1; resumed ones go on."""
    return MessageHub.get_current_instance().get_info('iter', 0) + 1
