"""Stop a training whose loss is no number any more."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.loaded_weights import unwrap
from mmwsss.registry import HOOKS

_ADVICE = (
    'Lower optim_wrapper.optimizer.lr, clip gradients (optim_wrapper.clip_grad=dict(max_norm=1)), '
    'warm up longer, or train without mixed precision'
)


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop where training has failed: the weights are not finite, or no loss is.

    One loss that is NaN or infinite stops nothing: in mixed precision its step is skipped. Once
    weights are not finite they stay so. Looked at are

    - the weights, before each checkpoint is saved and before the first iteration, so that the last
      checkpoint in the folder is one to resume from;
    - the loss of each iteration, which is on the CPU for the log anyway. If :attr:`PATIENCE` of
      them in a row are not finite, nothing is learnt.

    ``WSSSRunner`` has it among its default hooks, without an entry in the config.
    ``default_hooks = dict(finite_loss=None)`` trains on whatever happens.
    """

    #: Iterations in a row without a finite loss after which the training stops.
    PATIENCE = 50

    priority = 'LOW'  # after the log has it

    def __init__(self) -> None:
        self._since = 0  # the first of the last iterations in a row without a finite loss, from 1
        self._terms = ''  # which of them were not, there: afterwards none may be

    def before_train(self, runner: Runner) -> None:
        """Refuse weights to start from that are not finite.

        Raises:
            StageFailed: They are not.
        """
        if wrong := _not_finite(runner.model):
            origin = f'{runner._load_from}: ' if runner._load_from else ''
            raise StageFailed(
                f'{origin}the weights to start from are not finite ({_some(wrong)}): take an older '
                'checkpoint, or start anew'
            )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Look at the loss that the log has of this iteration.

        Raises:
            StageFailed: It has not been finite for :attr:`PATIENCE` iterations.
        """
        logged = runner.message_hub.log_scalars
        names = [name for name in outputs or () if 'loss' in name and f'train/{name}' in logged]
        wrong = [name for name in names if not math.isfinite(logged[f'train/{name}'].current())]
        if 'loss' not in wrong:
            self._since = 0
            return
        if not self._since:
            self._since = runner.iter + 1
            self._terms = ', '.join(name for name in wrong if name != 'loss') or 'loss'
        if runner.iter + 2 - self._since >= self.PATIENCE:
            raise StageFailed(f'{self._what_happened(runner)}. {_ADVICE}. {_last_good(runner)}')

    def require_finite_weights(self, runner: Runner) -> None:
        """Look at the weights that are about to be saved.

        Raises:
            StageFailed: They are not finite.
        """
        if wrong := _not_finite(runner.model):
            loss = f'{self._what_happened(runner)}, and ' if self._since else ''
            raise StageFailed(
                f'{loss}the weights are not finite ({_some(wrong)}), so they are not saved. '
                f'{_ADVICE}. {_last_good(runner)}'
            )

    def _what_happened(self, runner: Runner) -> str:
        return (
            f'the loss is not finite ({self._terms}) since iteration {self._since} of '
            f'{runner.max_iters}'
        )


def _not_finite(model: nn.Module) -> list[str]:
    """Names of weights and running statistics that hold NaN or infinite values."""
    model = unwrap(model)
    values: dict[str, Tensor] = dict(model.named_parameters())
    values |= {
        k: v for k, v in model.named_buffers() if k.endswith(('running_mean', 'running_var'))
    }
    return [name for name, value in values.items() if not value.isfinite().all()]


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f'{names[0]} and {len(names) - 1} more'


def _last_good(runner: Runner) -> str:
    pointer = Path(runner.work_dir, 'last_checkpoint')
    if not pointer.is_file():
        return 'No checkpoint has been saved yet'
    last = pointer.read_text().strip()
    return (
        f'{last} is the last good checkpoint: --resume goes on from it at its learning rate, '
        f'--cfg-options load_from={last} starts anew from its weights'
    )
