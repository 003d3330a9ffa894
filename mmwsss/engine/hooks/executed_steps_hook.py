"""Learning-rate schedules that advance only with executed steps."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import ParamSchedulerHook
from mmengine.logging import print_log

from mmwsss.engine.skipping import SkippingOptimWrapper
from mmwsss.registry import HOOKS


@HOOKS.register_module()
class ExecutedStepsHook(ParamSchedulerHook):
    """mmengine's ``ParamSchedulerHook`` that does not advance on skipped steps.

    At the end of an epoch it says how many steps were skipped. Needs a ``SkippingOptimWrapper``.
    """

    def before_train(self, runner: Any) -> None:
        """Refuse any other optimiser wrapper."""
        if not isinstance(runner.optim_wrapper, SkippingOptimWrapper):
            raise TypeError(
                "ExecutedStepsHook needs optim_wrapper=dict(type='SkippingOptimWrapper', ...), "
                f'found {type(runner.optim_wrapper).__name__}'
            )

    def before_train_epoch(self, runner: Any) -> None:
        """Start counting steps of this epoch."""
        self._before = runner.optim_wrapper.skipped

    def after_train_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Step the schedulers of iterations, if the optimiser stepped."""
        if not runner.optim_wrapper.last_was_skipped:
            super().after_train_iter(runner, batch_idx, data_batch, outputs)

    def after_train_epoch(self, runner: Any) -> None:
        """Step the schedulers of epochs, and report."""
        super().after_train_epoch(runner)
        skipped = runner.optim_wrapper.skipped - self._before
        runner.message_hub.update_scalar('train/skipped_steps', skipped)
        if skipped:
            print_log(
                f'epoch {runner.epoch + 1}: {skipped} of {len(runner.train_dataloader)} steps were '
                'skipped, as no image of theirs had a box',
                'current',
            )
