"""Optimiser wrapper that can skip steps."""

from __future__ import annotations

from mmengine.optim import OptimWrapper
from torch import Tensor

from mmwsss.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class SkippingOptimWrapper(OptimWrapper):
    """An ``OptimWrapper`` that skips and counts steps whose loss has no gradient.

    With weight decay or momentum even a step of zero gradients would move parameters. All
    processes have to agree on skipping; :class:`~mmwsss.models.Co2SAM` sees to it. The arguments
    are mmengine's. ``ExecutedStepsHook`` keeps the learning rate from moving, too.

    Attributes:
        skipped: Steps skipped in this run.
        last_was_skipped: Whether the last one was.
    """

    skipped = 0
    last_was_skipped = False

    def update_params(
        self, loss: Tensor, step_kwargs: dict | None = None, zero_kwargs: dict | None = None
    ) -> None:
        """Update the parameters, unless the loss has no gradient."""
        self.last_was_skipped = not loss.requires_grad
        if self.last_was_skipped:
            self.skipped += 1
        else:
            super().update_params(loss, step_kwargs, zero_kwargs)
