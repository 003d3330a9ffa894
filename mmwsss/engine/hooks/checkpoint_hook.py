"""Checkpoints that survive a kill, load without arbitrary unpickling, and resume exactly."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size, is_main_process, master_only
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook as _CheckpointHook
from mmengine.hooks import EMAHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmwsss.engine.batch import refuse_other_batch
from mmwsss.engine.changed_config import changed_config
from mmwsss.engine.checkpoint_io import AtomicBackend, CheckpointError, load_checkpoint
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.hooks.finite_loss_hook import FiniteLossHook
from mmwsss.engine.plain import to_plain
from mmwsss.engine.rng import get_rng_state, set_rng_state
from mmwsss.registry import HOOKS


class _DeferredRemoval(AtomicBackend):
    """File backend that removes old checkpoints only after the new one is written."""

    def __init__(self) -> None:
        self._doomed: set[str] = set()

    def remove(self, filepath: str | Path) -> None:
        self._doomed.add(str(filepath))

    def flush(self, keep: set[str | None]) -> None:
        for path in self._doomed - keep:
            Path(path).unlink(missing_ok=True)
        self._doomed.clear()


def _buffers(runner: Runner) -> dict[str, torch.Tensor]:
    """Return the buffers (e.g. running statistics) of the model and its averaged copy, by name."""
    averaged = [hook.ema_model for hook in runner.hooks if isinstance(hook, EMAHook)]
    found: dict[str, torch.Tensor] = {}
    for index, model in enumerate([runner.model, *averaged]):
        saved = model.state_dict().keys()
        found |= {f'{index}.{k}': v for k, v in model.named_buffers() if k in saved}
    return found


def _gather_buffers(runner: Runner) -> list[dict[str, torch.Tensor]]:
    """Gather each process's buffers that differ from those of rank 0, in the checkpoint."""
    if get_world_size() == 1:
        return [{}]
    first, *others = all_gather_object({k: v.detach().cpu() for k, v in _buffers(runner).items()})
    return [
        {},
        *({k: v for k, v in own.items() if not torch.equal(v, first[k])} for own in others),
    ]


@HOOKS.register_module()
class CheckpointHook(_CheckpointHook):
    """mmengine's ``CheckpointHook`` with atomic writes, plain data and exact resuming.

    - The whole checkpoint is plain data (:mod:`mmwsss.engine.plain`), so that
      ``torch.load(weights_only=True)`` reads it.
    - Files are written aside, flushed and renamed; old checkpoints are deleted last, after
      ``last_checkpoint`` names the new one. A kill or a full disk never costs an existing
      checkpoint.
    - The random generators and the buffers of every process are saved (batch-norm statistics differ
      between processes); a resume on as many processes restores them. Validation does not advance
      the generators.
    - A resume with another total batch is refused: schedules were made for the old one. Other
      changes of the config are named, and what becomes of them.
    - A validation that was due when the run was killed is made up for at the resume.

    So a run that is killed and resumed at a checkpoint equals an uninterrupted one. This holds for
    epoch-based loops, and for iteration-based ones whose sampler has passes (``DefaultSampler``,
    see :class:`~mmwsss.engine.hooks.EpochSeedHook`); others resume with the same state but other
    data.
    Remote folders (``backend_args``) are written to as mmengine does.
    """

    _RESUME = 'mmwsss_resume'
    _resume_state: dict | None = None  # set while this hook saves
    file_backend: Any

    def before_train(self, runner: Runner) -> None:
        """Prepare the folder and restore the state of a resumed checkpoint."""
        if self.args:
            raise TypeError(f'CheckpointHook has no option {", ".join(sorted(self.args))}')
        super().before_train(runner)
        if type(self.file_backend) in (LocalBackend, AtomicBackend):
            self.file_backend = _DeferredRemoval()
            self.backend_args = {'backend': AtomicBackend.NAME}
            if is_main_process():
                for folder in {self.out_dir, runner.work_dir}:
                    for left_over in Path(folder).glob('.*.tmp'):
                        left_over.unlink(missing_ok=True)
        state = self.__dict__.pop('_resumed', None)
        if state is None:
            return
        self.last_ckpt = runner._load_from  # mmengine saves it again after a better validation
        if len(state['rng']) == get_world_size():
            set_rng_state(state['rng'][get_rank()])
            own = _buffers(runner)
            for name, value in state.get('buffers', [{}] * get_world_size())[get_rank()].items():
                own[name].copy_(value)
        else:
            runner.logger.warning(
                f'The checkpoint was saved by {len(state["rng"])} processes and is resumed by '
                f'{get_world_size()}: random numbers start anew.'
            )
        if state['validation_pending'] and self._validation_due(runner):
            runner.logger.info('Validating: the checkpoint was saved before it came to this.')
            runner.val_loop.run()

    @staticmethod
    def _validation_due(runner: Runner) -> bool:
        """Whether the train loop will validate at this point."""
        loop = runner.train_loop
        if runner.val_loop is None:
            return False
        loop._decide_current_val_interval()
        done, end = loop._iter, loop._max_iters
        if isinstance(loop, EpochBasedTrainLoop):
            done, end = loop._epoch, loop._max_epochs
        return done >= loop.val_begin and (done % loop.val_interval == 0 or done == end)

    def before_val(self, runner: Runner) -> None:
        """Save the random generators' state."""
        self._before_val = get_rng_state()

    def after_val(self, runner: Runner) -> None:
        """Restore the random generators, so that validation does not affect training."""
        set_rng_state(self._before_val)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the resume state until training starts: building the rest draws numbers."""
        if not runner._resume:
            return
        if 'optimizer' not in checkpoint:
            raise CheckpointError(
                'the checkpoint to resume from has weights but no optimizer state, like the best_* '
                'ones. Resume from an epoch_* or iter_* file, or start from its weights with '
                '`--cfg-options load_from=FILE`.'
            )
        meta = checkpoint.get('meta')
        if not isinstance(meta, dict) or not {'epoch', 'iter'} <= meta.keys():
            raise CheckpointError(
                'the checkpoint to resume from does not say how far it was trained (meta.epoch and '
                'meta.iter). Start from its weights with `--cfg-options load_from=FILE`.'
            )
        self._resumed = checkpoint.get(self._RESUME)
        refuse_other_batch(runner, checkpoint['meta'], self._resumed or {})
        if changed := changed_config(meta.get('cfg'), runner.cfg):
            runner.logger.warning(changed)
        # mmengine takes the checkpoint's seed for all but the order of the photos.
        sampler = runner.train_dataloader.sampler
        if 'seed' in meta and getattr(sampler, 'seed', None) == runner.seed:
            sampler.seed = meta['seed']

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Convert everything to plain data; lowest priority, so other hooks add theirs first."""
        if 'optimizer' in checkpoint:
            checkpoint[self._RESUME] = self._resume_state
        plain, left_out = to_plain(checkpoint)
        checkpoint.clear()
        checkpoint.update(plain)
        if left_out:
            runner.logger.warning(
                f'Not plain data, so not in the checkpoint: {"; ".join(left_out)}'
            )

    def _save_checkpoint(self, runner: Runner) -> None:
        # Whether the loop may validate at the point where this checkpoint carries on.
        at_end = self.by_epoch == isinstance(runner.train_loop, EpochBasedTrainLoop)
        with self._saving(runner, get_rng_state(), validation_pending=at_end):
            super()._save_checkpoint(runner)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        # The best checkpoint is saved after validation, so none is pending.
        with self._saving(runner, self._before_val, validation_pending=False):
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _saving(self, runner: Runner, rng: dict, *, validation_pending: bool) -> Iterator[None]:
        for hook in runner.hooks:
            if isinstance(hook, FiniteLossHook):
                hook.require_finite_weights(runner)
        # Every process has its own generators and buffers, but only rank 0 writes.
        self._resume_state = {
            'rng': all_gather_object(rng),
            'buffers': _gather_buffers(runner),
            'validation_pending': validation_pending,
            'batch': runner.batch_plan.record() if runner.batch_plan else None,
        }
        try:
            yield
        except OSError as error:
            raise StageFailed(
                f'cannot save a checkpoint in {self.out_dir}: {error}. The older ones are still '
                'there: make room, then go on with --resume.'
            ) from error
        finally:
            self._resume_state = None
        if isinstance(self.file_backend, _DeferredRemoval):
            best = getattr(self, 'best_ckpt_path_dict', {'': getattr(self, 'best_ckpt_path', None)})
            self.file_backend.flush(keep={self.last_ckpt, *best.values()})

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        # mmengine's, except that `last_checkpoint` is written atomically.
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                old = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
                if is_main_process():
                    self.file_backend.remove(self.file_backend.join_path(self.out_dir, old))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
        )
        if is_main_process():
            AtomicBackend().put_text(self.last_ckpt, Path(runner.work_dir, 'last_checkpoint'))

    @master_only
    def _publish_model(self, runner: Runner, ckpt_path: str) -> None:
        checkpoint = load_checkpoint(ckpt_path)
        plain, _ = to_plain({key: checkpoint[key] for key in self.published_keys})
        buffer = io.BytesIO()
        torch.save(plain, buffer)
        path = f'{ckpt_path[:-4]}-{hashlib.sha256(buffer.getvalue()).hexdigest()[:8]}.pth'
        self.file_backend.put(buffer.getvalue(), path)
        runner.logger.info(f'Published {ckpt_path} as {path}')
