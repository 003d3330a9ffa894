"""The learning-rate schedule of one-stage transformers."""

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from mmwsss.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class PolyWarmupLR(LRSchedulerMixin, _ParamScheduler):
    """Linear warm-up for ``warmup`` steps, then ``lr * (1 - k / end) ** power`` at step k.

    k counts from 0 through the warm-up, at whose end the rate falls to the polynomial's value:
    ``PolyWarmupAdamW`` of ToCo (CVPR 2023), SeCo, DuPL, MoRe and ExCEL.

    Args:
        optimizer: Optimizer or wrapper.
        warmup: Steps of the warm-up, in which the rate is ``lr * (1 - (1 - k / warmup) * (1 -
            warmup_ratio))``.
        warmup_ratio: Factor of the first step. The release calls it a rate.
        power: Exponent.
        begin: First step.
        end: Steps of the training; from then on the rate stays.
        last_step: Last step done, for resuming without a state.
        by_epoch: Count epochs instead of steps.
        verbose: Print each new value.

    Raises:
        ValueError: ``end`` is not given, or the warm-up is not shorter than the training.
    """

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        *,
        warmup: int = 1500,
        warmup_ratio: float = 1e-6,
        power: float = 0.9,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = False,
        verbose: bool = False,
    ):
        if end >= INF or not 0 <= warmup < end - begin:
            raise ValueError(
                'PolyWarmupLR needs end, the number of steps of the training, and a warm-up that '
                f'is shorter; found warmup={warmup}, begin={begin}, end={end}'
            )
        self.warmup, self.warmup_ratio, self.power = warmup, warmup_ratio, power
        self.total = end - begin
        super().__init__(
            optimizer,
            begin=begin,
            end=end,
            last_step=last_step,
            by_epoch=by_epoch,
            verbose=verbose,
        )

    def _get_value(self) -> list[float]:
        """Rates of the groups at the current step."""
        step = self.last_step
        if step < self.warmup:
            factor = 1 - (1 - step / self.warmup) * (1 - self.warmup_ratio)
        else:
            factor = max(0.0, 1 - step / self.total) ** self.power
        return [base * factor for base in self.base_values]
