"""When labels begin to use what is being learnt."""

from typing import Literal, get_args

from mmengine.logging import MessageHub

Count = Literal['iterations', 'forwards']


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
