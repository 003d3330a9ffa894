"""Measure IRN's mean displacement at the end of training."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmwsss.engine.errors import StageFailed
from mmwsss.registry import HOOKS


@HOOKS.register_module()
class MeanDisplacementHook(Hook):
    """Measure IRN's mean displacement after the last epoch, before its checkpoint is written.

    The mean of each batch over images and positions, padding included, averaged over the batches,
    as in the official code. It is subtracted at test time and matters for instance labels alone.

    Args:
        dataloader: Config of the photos; published: the inference list, cut to 512 pixels from the
            top left, in batches of 32, the last batch dropped.
    """

    priority = 'NORMAL'  # above the checkpoint's

    def __init__(self, dataloader: dict) -> None:
        self.dataloader = dataloader

    def before_train(self, runner: Any) -> None:
        """Look whether there will be something to measure, before anything is trained.

        Raises:
            StageFailed: The photos do not fill a batch.
        """
        self._loader = type(runner).build_dataloader(self.dataloader, seed=runner.seed)
        batches = torch.tensor(len(self._loader))
        all_reduce(batches)
        if batches == 0:
            raise StageFailed(
                f'MeanDisplacementHook: {len(self._loader.dataset)} photos do not fill a batch of '
                f'{self._loader.batch_size}, so there is nothing to measure after the last epoch. '
                'Set drop_last=False or a smaller batch_size in its dataloader'
            )

    def after_train_epoch(self, runner: Any) -> None:
        """Measure, if this was the last epoch."""
        if not self.is_last_train_epoch(runner):
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        total = model.disp.mean.new_zeros(3)
        model.eval()
        model.disp.mean.zero_()
        with torch.no_grad():
            for data in self._loader:
                inputs = model.data_preprocessor(data)['inputs']
                mean = model.disp(model.features(inputs)).mean((0, 2, 3))
                total += torch.cat([mean, mean.new_ones(1)])
        model.train()
        all_reduce(total)
        model.disp.mean.copy_(total[:2] / total[2])
