"""mmengine's runner, extended for CPUs, killed runs and checks before training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.model import BaseModel, is_model_wrapper, revert_sync_batchnorm
from mmengine.runner import BaseLoop, Runner, TestLoop
from mmengine.runner.checkpoint import _load_checkpoint_to_model
from mmengine.visualization import Visualizer
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmwsss.datasets.stores_read import require_stores
from mmwsss.engine.accumulation import AccumulatedStep
from mmwsss.engine.batch import BatchPlan, cut_tail, plan_batch
from mmwsss.engine.checkpoint_io import CheckpointError, find_resumable, load_checkpoint
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.hooks.channels_last_hook import ChannelsLastHook
from mmwsss.engine.late_visualizer import LateVisualizer
from mmwsss.engine.leak_guard import refuse_ground_truth
from mmwsss.engine.loaded_weights import misfit, other_classes, unwrap, weights_of
from mmwsss.engine.loss_check import check_losses_of
from mmwsss.engine.opening import begin_log
from mmwsss.engine.starting_weights import require_named_weights
from mmwsss.engine.workers import prepare_workers
from mmwsss.lazy import version_alone
from mmwsss.models.conversion.fitting import require_started
from mmwsss.registry import DATASETS, RUNNERS
from mmwsss.stores.errors import FolderBusy
from mmwsss.stores.locking import FolderLock


@RUNNERS.register_module()
class WSSSRunner(Runner):
    """mmengine's ``Runner`` with fifteen differences.

    - Distributed runs work on CPUs and for models without trainable parameters.
    - The config's total batch is kept by any number of processes (:mod:`mmwsss.engine.batch`).
    - ``ChannelsLastHook`` does its work before the model is wrapped.
    - ``resume`` without a file goes on from the newest checkpoint that can be read.
    - The training data is checked for ground-truth masks
      (:func:`mmwsss.engine.leak_guard.refuse_ground_truth`).
    - Before the first iteration the stores that the data is read from have to hold all of its
      images (:func:`mmwsss.datasets.stores_read.require_stores`).
    - Weights to start from that a config leaves open have to be given, and have to fit.
    - A checkpoint to test or to resume has to be the model's, whole and in its shapes.
    - Starting a DataLoader's workers draws no number from the generator that the model uses, so
      that a run with persistent workers resumes exactly.
    - One training at a time writes to a work directory (:class:`mmwsss.stores.locking.FolderLock`).
    - A log begins with a few lines, the config is in a file (:mod:`mmwsss.engine.opening`).
    - ``CheckpointHook`` is ours in configs of any scope: those with an ``mmseg::`` base, say.
    - What a model's ``loss`` returns is checked (:mod:`mmwsss.engine.loss_check`).
    - A training whose loss is no number stops (:class:`~mmwsss.engine.hooks.FiniteLossHook`).
    - Neither matplotlib nor torchvision is imported for the log (``LateVisualizer``).
    """

    batch_plan: BatchPlan | None = None  # of a training
    _trains = False
    _resume: bool
    _load_from: str | None
    _has_loaded: bool

    def _log_env(self, env_cfg: dict) -> None:
        with version_alone('torchvision'):
            begin_log(self, super()._log_env, env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wrap the model for this machine; see mmengine."""
        if ChannelsLastHook.is_among(self.cfg.get('custom_hooks')) and not is_model_wrapper(model):
            ChannelsLastHook.convert(model)
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

    def build_visualizer(self, visualizer: Visualizer | dict | None = None) -> Visualizer:
        """Build the config's visualizer, or one for numbers; see mmengine."""
        if visualizer is not None:
            return super().build_visualizer(visualizer)
        return LateVisualizer.of_a_run(self._experiment_name, self._log_dir)

    def register_default_hooks(self, hooks: dict[str, Hook | dict] | None = None) -> None:
        """Register the default hooks and those of the config; see mmengine."""
        hooks = {
            'checkpoint': {'type': 'CheckpointHook', 'interval': 1},
            'finite_loss': {'type': 'mmwsss.FiniteLossHook'},
            **(hooks or {}),
        }
        if hooks['finite_loss'] is None:  # mmengine takes None for hooks of its own alone
            del hooks['finite_loss']
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
        self._trains = True
        require_named_weights(self.model)
        lock = self._lock()
        try:
            return super().train()
        finally:
            if lock is not None:
                lock.release()

    def _lock(self) -> FolderLock | None:
        """Lock the work directory against a second training; rank 0 holds the lock."""
        lock = problem = None
        if is_main_process():
            try:
                lock = FolderLock(self.work_dir)
            except FolderBusy as error:
                problem = error
        found: list[FolderBusy | None] = [problem]
        broadcast_object_list(found)
        if found[0] is not None:
            raise found[0]
        return lock

    def load_or_resume(self) -> None:
        """Load a checkpoint, or resume; see mmengine."""
        if self._resume and self._load_from is None and not self._has_loaded:
            found = [find_resumable(self.work_dir) if is_main_process() else (None, [])]
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

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = 'cpu',
        strict: bool = False,
        revise_keys: Sequence[tuple[str, str]] = ((r'^module\.', ''),),
    ) -> dict:
        """Load a checkpoint after checking that it fits the model; see mmengine.

        A test and a resume need all its trained weights. A training may start from a part of
        them, but not from none.

        Raises:
            CheckpointError: It is not the model's, or its classes are those of the data in another
                order.
        """
        checkpoint = load_checkpoint(filename, map_location)
        problem = misfit(self.model, checkpoint, unknown=self._resume)
        if problem and self._trains and not self._resume:
            own = unwrap(self.model).state_dict()
            problem = '' if own.keys() & weights_of(checkpoint).keys() else problem
        if not problem and not self._trains and self._test_loop is not None:
            data = getattr(getattr(self.test_dataloader, 'dataset', None), 'metainfo', None) or {}
            meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
            problem = other_classes(meta.get('classes'), data.get('classes'))
        if problem:
            raise CheckpointError(f'{filename}: {problem}')
        weights = weights_of(checkpoint)  # hooks know no other form
        checkpoint = {**(checkpoint if 'state_dict' in checkpoint else {}), 'state_dict': weights}
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        loaded = _load_checkpoint_to_model(
            unwrap(self.model), checkpoint, strict, revise_keys=list(revise_keys)
        )
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        return loaded

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: Any = 'default',
    ) -> None:
        """Resume from a checkpoint; see mmengine.

        Raises:
            CheckpointError: The optimizer or the schedules are not those that it was saved with.
        """
        try:
            super().resume(filename, resume_optimizer, resume_param_scheduler, map_location)
        except (ValueError, KeyError, AttributeError) as error:
            raise CheckpointError(
                f'{filename}: cannot be resumed: its optimizer or schedules are not those of this '
                f'config ({error}). Go on with the config that it was trained with (a copy lies '
                'in its work-dir), or start from its weights: --cfg-options load_from=FILE'
            ) from error

    def _init_model_weights(self) -> None:
        super()._init_model_weights()
        require_started(self.model)

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Split the batch, build the train loop and check its data; see mmengine.

        Raises:
            StageFailed: The total batch cannot be shared by these processes.
            GroundTruthLeak: The data hold ground-truth masks.
        """
        if isinstance(self._train_dataloader, dict):
            self._share_batch()
        if isinstance(model := unwrap(self.model), BaseModel):
            check_losses_of(model)
        loop = super().build_train_loop(loop)
        if self.batch_plan is not None:
            cut_tail(loop.dataloader, self.batch_plan.total)
        refuse_ground_truth(
            loop.dataloader.dataset, allowed=self.cfg.get('allow_ground_truth_masks', False)
        )
        require_stores(loop.dataloader.dataset, 'train_dataloader.dataset')
        return loop

    def build_val_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the validation loop and check its stores; see mmengine."""
        loop = super().build_val_loop(loop)
        require_stores(loop.dataloader.dataset, 'val_dataloader.dataset')
        return loop

    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the test loop and check its stores; see mmengine."""
        loop = super().build_test_loop(loop)
        if isinstance(loop, TestLoop):  # a store's loop leaves out an image that it cannot read
            require_stores(loop.dataloader.dataset, 'test_dataloader.dataset')
        return loop

    @staticmethod
    def _build_dataset(dataset: dict | Dataset) -> Dataset:
        dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        getattr(dataset, 'full_init', lambda: None)()
        return dataset

    def _share_batch(self) -> None:
        """Plan what each process loads and how it accumulates; log and record the plan."""
        config, wrapper = self._train_dataloader, self.optim_wrapper
        config['dataset'] = self._build_dataset(config['dataset'])
        sampler = str(config.get('sampler', {}).get('type'))
        whole_batches = config.get('drop_last') and not sampler.endswith('InfiniteSampler')
        plan = plan_batch(
            self.cfg.get('batch'),
            batch_size=config.get('batch_size'),
            processes=self.world_size,
            images=len(config['dataset']) if whole_batches else None,
        )
        counts = wrapper.get('accumulative_counts', 1) if isinstance(wrapper, dict) else 1
        if plan.published is not None and counts > 1:
            raise StageFailed(
                f'optim_wrapper.accumulative_counts={counts} makes a total batch of '
                f'{counts * plan.total}, and the config states {plan.total}: leave it out. With a '
                'smaller train_dataloader.batch_size gradients accumulate by themselves'
            )
        if plan.parts > 1:
            kind = wrapper.get('type', 'OptimWrapper') if isinstance(wrapper, dict) else wrapper
            if str(kind).split('.')[-1] not in ('OptimWrapper', 'AmpOptimWrapper'):
                raise StageFailed(
                    f'{plan}: {kind} cannot accumulate gradients. Leave '
                    'train_dataloader.batch_size out'
                )
            self.model.train_step = AccumulatedStep(self.model, plan.at_once)
        self.logger.log(logging.INFO if plan.is_as_published else logging.WARNING, str(plan))
        config['batch_size'] = plan.per_process
        if self.auto_scale_lr and plan.published:
            self.auto_scale_lr.setdefault('base_batch_size', plan.published)
        self.batch_plan = plan

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a DataLoader with a random generator of its own; see mmengine.

        Without workers, options that are for workers are dropped.
        """
        if isinstance(dataloader, dict) and not dataloader.get('num_workers'):
            for_workers = ('persistent_workers', 'prefetch_factor', 'timeout')
            dataloader = {k: v for k, v in dataloader.items() if k not in for_workers}
        loader = Runner.build_dataloader(dataloader, seed, diff_rank_seed)
        if loader.generator is None:
            loader.generator = torch.Generator().manual_seed(seed or 0)
        prepare_workers(loader)
        return loader
