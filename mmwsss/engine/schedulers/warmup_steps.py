"""A learning rate that rises from 0 and then falls in steps."""

from collections.abc import Sequence

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from mmwsss.registry import PARAM_SCHEDULERS


class _WarmupStepsParam(_ParamScheduler):
    """Factor ``t / warmup``, then ``gamma`` to the power of the milestones passed."""

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        param_name: str,
        *,
        warmup: int,
        milestones: Sequence[int],
        gamma: float = 0.1,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = False,
        verbose: bool = False,
    ):
        milestones = tuple(milestones)
        order = (warmup, *milestones)
        if warmup < 0 or gamma <= 0 or list(order) != sorted(set(order)):
            raise ValueError(
                'a warm-up of at least 0 steps, milestones that ascend after it and a positive '
                f'gamma are expected, found {warmup}, {milestones} and {gamma}'
            )
        self.warmup, self.milestones, self.gamma = warmup, milestones, gamma
        super().__init__(
            optimizer,
            param_name,
            begin=begin,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )

    def factor(self, step: int) -> float:
        """Factor of the base value at a step."""
        if step < self.warmup:
            return step / self.warmup
        return self.gamma ** sum(step >= milestone for milestone in self.milestones)

    def _get_value(self) -> list[float]:
        return [value * self.factor(self.last_step) for value in self.base_values]


@PARAM_SCHEDULERS.register_module()
class WarmupStepsLR(LRSchedulerMixin, _WarmupStepsParam):
    """Linear warm-up ``lr * t / warmup``, then ``lr * gamma ** (milestones passed)``.

    Co2SAM's schedule. The first step has learning rate 0, which mmengine's ``LinearLR`` refuses. In
    a config say ``by_epoch=False``: mmengine takes steps for epochs otherwise.

    Args:
        optimizer: Optimizer or wrapper.
        warmup: Steps of the linear rise.
        milestones: Steps at which the rate falls; ascending, after the warm-up.
        gamma: Factor of each fall.
        begin: First step.
        end: First step after the last; the rate stays from there on.
        last_step: Last step done, for resuming without a state.
        by_epoch: Count epochs instead of steps.
        verbose: Print each new value.

    Raises:
        ValueError: An argument is out of range.
    """
