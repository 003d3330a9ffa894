"""The learning-rate schedule of DeiT, as CTI uses it."""

import math

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from mmwsss.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class DeiTCosineLR(LRSchedulerMixin, _ParamScheduler):
    """Linear warm-up from ``warmup_lr``, then a cosine that is counted from epoch 0.

    Epoch e has ``warmup_lr + e (lr - warmup_lr) / warmup_epochs`` and, after these, ``eta_min +
    (lr - eta_min) (1 + cos(pi e / end)) / 2``. mmengine's ``CosineAnnealingLR`` behind a
    ``LinearLR`` would begin with the whole rate after the warm-up.

    Args:
        optimizer: Optimizer or wrapper.
        warmup_epochs: Epochs of the warm-up.
        warmup_lr: Rate of epoch 0, whatever that of the optimizer.
        eta_min: Where the cosine ends.
        begin: First epoch.
        end: Number of epochs; required.
        last_step: Last epoch done, for resuming without a state.
        by_epoch: Count epochs; if False, steps.
        verbose: Print each new value.

    Raises:
        ValueError: ``end`` is not given, or the warm-up is not shorter.
    """

    def __init__(
        self,
        optimizer: Optimizer | OptimWrapper,
        *,
        warmup_epochs: int = 5,
        warmup_lr: float = 1e-6,
        eta_min: float = 1e-5,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ):
        if end >= INF or not 0 <= warmup_epochs < end - begin:
            raise ValueError(
                'DeiTCosineLR needs end, the number of epochs, and a shorter warm-up, found '
                f'end={end} and warmup_epochs={warmup_epochs}'
            )
        self.warmup_epochs, self.warmup_lr = warmup_epochs, warmup_lr
        self.eta_min, self.length = eta_min, end - begin
        super().__init__(
            optimizer, begin=begin, end=end, last_step=last_step, by_epoch=by_epoch, verbose=verbose
        )

    def _get_value(self) -> list[float]:
        """Rates of this epoch."""
        epoch = self.last_step
        if epoch < self.warmup_epochs:
            share = epoch / self.warmup_epochs
            return [self.warmup_lr + share * (lr - self.warmup_lr) for lr in self.base_values]
        share = (1 + math.cos(math.pi * epoch / self.length)) / 2
        return [self.eta_min + share * (lr - self.eta_min) for lr in self.base_values]
