"""Decides when labels begin to use what the decoder has learnt."""

from typing import Literal, get_args

from mmengine.logging import MessageHub

Count = Literal['iterations', 'forwards']


class PhaseTrigger:
    """Says whether a training is in WeCLIP's phase 2, where labels use the learnt affinity.

    Testing always is.

    Args:
        after: Phase 2 begins when the count exceeds this; with 0 it begins at once.
        count: ``'iterations'`` counts training iterations, from 1. ``'forwards'``, as published,
            counts every call of the network, those in validations too, and begins at 0 again when a
            training is resumed. With a validation of 1464 images after every 2000 iterations, 15000
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
        self.forwards += is_first_part()

    def __call__(self) -> bool:
        """Whether the training is in phase 2; the present call counts."""
        if self.count == 'forwards':
            return self.forwards > self.after
        return training_iteration() > self.after


def training_iteration() -> int:
    """Return the number of the running training iteration, from 1, also after a resume."""
    return MessageHub.get_current_instance().get_info('iter', 0) + 1


def is_first_part() -> bool:
    """Whether this is the first part of an accumulated step, or all of a step."""
    return MessageHub.get_current_instance().get_info('part_of_step', 0) == 0
