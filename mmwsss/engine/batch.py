"""Split the total batch of a training over processes and accumulation steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mmengine.dataset import DefaultSampler
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from mmwsss.engine.errors import StageFailed

_KEYS = ('published', 'total', 'at_once')


@dataclass(frozen=True)
class BatchPlan:
    """A total batch: ``processes`` x ``parts`` x ``at_once`` images between two steps.

    Args:
        total: Images a step of the optimiser, over all processes.
        processes: Number of processes.
        at_once: Images that a process takes at once: what its memory has to hold.
        parts: Forward and backward passes a step; above 1 gradients accumulate.
        published: Total batch of the published training; None if the config does not state it.
        wanted: The total that was asked for, if there are fewer images.
    """

    total: int
    processes: int
    at_once: int
    parts: int
    published: int | None = None
    wanted: int | None = None

    @property
    def is_as_published(self) -> bool:
        """Whether the total batch is the published one, if the config states one."""
        return self.wanted is None and self.published in (None, self.total)

    @property
    def per_process(self) -> int:
        """Images per step on one process, i.e. its loader's batch size."""
        return self.at_once * self.parts

    def __str__(self) -> str:
        text = f'total batch {self.total} = {self.processes} process(es) x {self.per_process}'
        if self.parts > 1:
            text += (
                f', {self.at_once} at once in {self.parts} parts whose gradients accumulate '
                '(batch norm sees a part)'
            )
        if self.wanted is not None:
            text += f', for there are not enough images for one of {self.wanted}'
        elif self.published not in (None, self.total):
            text += f'; published with {self.published}'
        return text

    def record(self) -> dict[str, int | None]:
        """Return the plan as plain data, for checkpoints and configs."""
        return asdict(self)


def plan_batch(
    batch: Mapping[str, Any] | None,
    *,
    batch_size: int | None,
    processes: int,
    images: int | None,
) -> BatchPlan:
    """Plan how a total batch is split.

    The total is ``batch.total``, else ``batch.published``, else the processes times the loader's
    batch size, as mmengine counts. Where a process takes less than its share at once, gradients
    accumulate.

    Args:
        batch: The config's ``batch``: ``published`` (what the learning rate belongs to), ``total``
            (what a user asks for instead) and ``at_once`` (the most that a process's memory is to
            hold).
        batch_size: The loader's, if the config has one: images that a process takes at once.
        processes: Number of processes.
        images: Length of the data where the loader drops the last, incomplete batch: a larger
            batch shrinks to it. None: any batch can be filled.

    Raises:
        StageFailed: The total cannot be split evenly.
    """
    batch = dict(batch or {})
    if unknown := sorted(set(batch) - set(_KEYS)):
        raise StageFailed(f'batch has no key {", ".join(unknown)}: its keys are {", ".join(_KEYS)}')
    sizes = {f'batch.{key}': batch[key] for key in _KEYS if batch.get(key) is not None}
    sizes |= {} if batch_size is None else {'train_dataloader.batch_size': batch_size}
    for key, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise StageFailed(f'{key} is a whole number of images from 1 on, found {size!r}')
    published, most = batch.get('published'), batch.get('at_once')
    total = batch.get('total') or published
    if total is None:
        total = processes * (batch_size or 1)
    share, rest = divmod(total, processes)
    if rest:
        fitting = [str(n) for n in range(1, total + 1) if total % n == 0]
        nearest = [n for n in (share * processes, (share + 1) * processes) if n]
        raise StageFailed(
            f'the total batch of {total} images cannot be shared evenly by {processes} processes: '
            f'start {_either(fitting)} of them, or ask for another total batch with '
            f'{_either([f"batch.total={n}" for n in nearest])} (recorded; the learning rate '
            'belongs to the published one)'
        )
    at_once = batch_size or _largest_part(share, most)
    if batch_size is not None and batch_size > share:
        raise StageFailed(
            f'train_dataloader.batch_size={batch_size} images a process on {processes} '
            f'process(es) make a total batch of {batch_size * processes}, and the config states '
            f'{total}, which its learning rate belongs to: leave train_dataloader.batch_size '
            f'out, or ask for it with batch.total={batch_size * processes} (recorded; '
            'auto_scale_lr.enable=True scales the rate along)'
        )
    wanted = None
    if images is not None and images < total:
        wanted = total
        share = images // processes
        if share == 0:
            raise StageFailed(
                f'{images} image(s) make no batch for {processes} processes: start fewer processes'
            )
        at_once = min(at_once, share) if batch_size else _largest_part(share, most)
        share -= share % at_once
        total = share * processes
    if share % at_once:
        parts = [str(n) for n in range(1, share) if share % n == 0]
        raise StageFailed(
            f'train_dataloader.batch_size={batch_size} images at once do not divide the '
            f'{share} of a process (total batch {total} on {processes} process(es)): set '
            f'{_either(parts)}, or ask for another total batch with batch.total=N'
        )
    return BatchPlan(total, processes, at_once, share // at_once, published, wanted)


def refuse_other_batch(runner: Any, meta: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Refuse to resume if the steps of an epoch or the batch of a step would change.

    Schedules derive their lengths from both when a training starts.

    Args:
        runner: A ``WSSSRunner`` with a train loop.
        meta: The checkpoint's ``meta``.
        state: What our checkpoint hook saved beside it; may be empty in older checkpoints.

    Raises:
        StageFailed: They would change. The message names both values.
    """
    plan, before = runner.batch_plan, state.get('batch')
    way_out = (
        'Learning rates were scheduled for the old one. Go on with that, or start a training from '
        'these weights: --cfg-options load_from=FILE, in another --work-dir'
    )
    if plan is not None and before is not None and before['total'] != plan.total:
        raise StageFailed(
            f'cannot resume: the checkpoint was trained with {_describe(before)}, and this run '
            f'has {_describe(plan.record())}. {way_out}'
        )
    if not isinstance(runner.train_loop, EpochBasedTrainLoop) or not meta['epoch']:
        return
    steps, epochs, done = len(runner.train_dataloader), meta['epoch'], meta['iter']
    if not epochs * steps <= done < (epochs + 1) * steps:
        raise StageFailed(
            f'cannot resume: {done} steps in {epochs} epochs lie behind the checkpoint, and this '
            f'run has {steps} steps an epoch: other photos, or another total batch'
            f'{f" than {plan.total}" if plan else ""}. {way_out}'
        )


def _describe(record: Mapping[str, Any]) -> str:
    per_process = record['at_once'] * record['parts']
    return f'a total batch of {record["total"]} ({record["processes"]} x {per_process})'


def cut_tail(loader: DataLoader, total: int) -> None:
    """Drop the last, incomplete total batch on every process.

    mmengine's sampler repeats images until every process has equally many. That can fill one batch
    more, so that an epoch would have more steps than on one process.
    """
    sampler = loader.sampler
    if loader.drop_last and type(sampler) is DefaultSampler:
        sampler.total_size = len(sampler.dataset) // total * total
        sampler.num_samples = sampler.total_size // sampler.world_size


def _largest_part(share: int, most: int | None) -> int:
    return max(n for n in range(1, share + 1) if share % n == 0 and n <= (most or share))


def _either(texts: list[str]) -> str:
    return ' or '.join([', '.join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
