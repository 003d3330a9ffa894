"""mmengine's runner, on what people have: CPUs too, and files that a kill cut short."""

from __future__ import annotations

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper, revert_sync_batchnorm
from mmengine.runner import BaseLoop, Runner, TestLoop
from torch import nn
from torch.utils.data import DataLoader

from mmwsss.datasets.stores_read import require_stores
from mmwsss.engine.checkpoint_io import CheckpointError, find_resumable
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.leak_guard import refuse_ground_truth
from mmwsss.models.conversion.fitting import require_started
from mmwsss.registry import RUNNERS
from mmwsss.stores.errors import FolderBusy
from mmwsss.stores.locking import FolderLock


@RUNNERS.register_module()
class WSSSRunner(Runner):
    """mmengine's ``Runner`` with eight differences.

    - Distributed runs work on CPUs and for models without trainable parameters.
    - ``resume`` without a file goes on from the newest checkpoint that can be read.
    - The training data is checked for ground-truth masks
      (:func:`mmwsss.engine.leak_guard.refuse_ground_truth`).
    - Before the first iteration the stores that the data is read from have to hold all of its
      images (:func:`mmwsss.datasets.stores_read.require_stores`).
    - Weights to start from that a config leaves open have to be given, and have to fit.
    - Starting a DataLoader's workers draws no number from the generator that the model uses, so
      that a run with persistent workers resumes exactly.
    - One training at a time writes to a work directory (:class:`mmwsss.stores.locking.FolderLock`).
    - ``CheckpointHook`` is ours in configs of any scope: those with an ``mmseg::`` base, say.
    """

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap the model for this machine; see mmengine."""
        if self.distributed and not is_model_wrapper(model):
            if not any(parameter.requires_grad for parameter in model.parameters()):
                model_wrapper_cfg = {'type': 'mmwsss.PassThrough'}
            elif not torch.cuda.is_available():
                model = revert_sync_batchnorm(model)  # torch has it for GPUs only
                model_wrapper_cfg = {
                    'broadcast_buffers': False,
                    'find_unused_parameters': self.cfg.get('find_unused_parameters', False),
                    **(model_wrapper_cfg or {}),
                    'device_ids': None,
                }
        return super().wrap_model(model_wrapper_cfg, model)

    def register_default_hooks(self, hooks: dict[str, Hook | dict] | None = None) -> None:
        """Register the default hooks and those of the config; see mmengine."""
        hooks = {'checkpoint': {'type': 'CheckpointHook', 'interval': 1}, **(hooks or {})}
        checkpoint = hooks['checkpoint']
        if isinstance(checkpoint, dict) and checkpoint.get('type') == 'CheckpointHook':
            hooks['checkpoint'] = {**checkpoint, 'type': 'mmwsss.CheckpointHook'}
        super().register_default_hooks(hooks)

    def train(self) -> nn.Module:
        """Train; see mmengine.

        Raises:
            StageFailed: The config leaves open which weights a part of the model starts from.
            FolderBusy: Another training writes to the work directory.
        """
        for name, module in self.model.named_modules():
            init = getattr(module, 'init_cfg', None)
            if not isinstance(init, dict) or init.get('type') != 'Pretrained':
                continue
            if init.get('checkpoint') is None:
                parts = [part for part in name.split('.') if part not in ('', 'module')]
                key = '.'.join(('model', *parts, 'init_cfg'))
                raise StageFailed(
                    f'{key}.checkpoint is None: give the weights to start from, '
                    f'--cfg-options {key}.checkpoint=FILE, or start at random, {key}=None'
                )
        lock = self._lock()
        try:
            return super().train()
        finally:
            if lock is not None:
                lock.release()

    def _lock(self) -> FolderLock | None:
        """Keep a second training out of the work directory; held by the first process for all."""
        lock = problem = None
        if is_main_process():
            try:
                lock = FolderLock(self.work_dir)
            except FolderBusy as error:
                problem = error
        found = [problem]
        broadcast_object_list(found)
        if found[0] is not None:
            raise found[0]
        return lock

    def load_or_resume(self) -> None:
        """Load a checkpoint, or resume; see mmengine."""
        if self._resume and self._load_from is None and not self._has_loaded:
            found = [find_resumable(self.work_dir) if is_main_process() else None]
            broadcast_object_list(found)
            path, passed_over = found[0]
            for problem in passed_over:
                self.logger.warning(f'Resume passes over a broken file: {problem}')
            if path is None and passed_over:
                raise CheckpointError(
                    f'no checkpoint in {self.work_dir} can be read: {" ".join(passed_over)} '
                    'Delete them to start anew.'
                )
            if path is None:
                self.logger.info(f'No checkpoint in {self.work_dir} to resume from: starting anew.')
                self._resume = False
            else:
                self._load_from = str(path)
        super().load_or_resume()

    def _init_model_weights(self) -> None:
        super()._init_model_weights()
        require_started(self.model)

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the train loop and look at its data; see mmengine."""
        loop = super().build_train_loop(loop)
        refuse_ground_truth(
            loop.dataloader.dataset, allowed=self.cfg.get('allow_ground_truth_masks', False)
        )
        require_stores(loop.dataloader.dataset, 'train_dataloader.dataset')
        return loop

    def build_val_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the validation loop and look at its stores; see mmengine."""
        loop = super().build_val_loop(loop)
        require_stores(loop.dataloader.dataset, 'val_dataloader.dataset')
        return loop

    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the test loop and look at its stores; see mmengine."""
        loop = super().build_test_loop(loop)
        if isinstance(loop, TestLoop):  # a store's loop leaves out an image that it cannot read
            require_stores(loop.dataloader.dataset, 'test_dataloader.dataset')
        return loop

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a DataLoader with a random generator of its own; see mmengine."""
        loader = Runner.build_dataloader(dataloader, seed, diff_rank_seed)
        if loader.generator is None:
            loader.generator = torch.Generator().manual_seed(seed or 0)
        return loader
