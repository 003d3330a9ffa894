"""Refuse ground-truth masks in training pipelines unless the config allows them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmwsss.datasets.errors import DataError

_MASK_WORDS = ('seg', 'mask', 'gt', 'ann', 'label')


class GroundTruthLeak(DataError):
    """A training pipeline can read ground-truth masks."""


def refuse_ground_truth(dataset: Any, *, allowed: bool = False, key: str = '') -> None:
    """Raise an error if a training data set, or one that it wraps, reads ground-truth masks.

    A folder of masks is legitimate if it is a mask store (``meta.json`` says so). It checks the
    ``seg_map_path`` of the data set and of its samples, masks in its instances, and folders that
    its transforms name.

    Args:
        dataset: A built data set, or a wrapper of some (``RepeatDataset``, ``ConcatDataset``, ...).
        allowed: The config's ``allow_ground_truth_masks``: report instead of raising.
        key: Where the data set is in the config. Defaults to ``train_dataloader.dataset``.

    Raises:
        GroundTruthLeak: Ground truth can be read. Names the config key and the folder.
    """
    for where, what in _find(dataset, key or 'train_dataloader.dataset'):
        if allowed:
            print_log(
                f'Fully supervised training (allow_ground_truth_masks=True): {where} reads {what}.',
                'current',
                level=30,
            )
            return
        raise GroundTruthLeak(
            f'{where} reads {what}, which no stage has made, and weakly supervised training may '
            'not see ground-truth masks. Give it a mask store (work_dirs/<recipe>/<stage>/masks), '
            'take the masks out, or set `allow_ground_truth_masks=True` at the top level of the '
            'config to train fully supervised.'
        )


def _find(dataset: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield the config key and the description of every source of ground truth."""
    yield from _find_in_transforms(getattr(dataset, 'pipeline', None), f'{key}.pipeline')
    for name in ('dataset', '_dataset'):
        if name in vars(dataset):
            yield from _find(vars(dataset)[name], f'{key}.dataset')
            return
    if 'datasets' in vars(dataset):
        for index, child in enumerate(dataset.datasets):
            yield from _find(child, f'{key}.datasets[{index}]')
        return
    prefix = (getattr(dataset, 'data_prefix', None) or {}).get('seg_map_path')
    if prefix:
        if not _is_store(Path(prefix), kinds=('masks',)):
            yield f'{key}.data_prefix.seg_map_path', f'the masks in {prefix}'
    elif hasattr(dataset, 'get_data_info'):
        yield from _find_in_samples(dataset, key)


def _find_in_samples(dataset: Any, key: str) -> Iterator[tuple[str, str]]:
    judged = set()
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        file = info.get('seg_map_path')
        if file and (folder := Path(file).parent) not in judged:
            judged.add(folder)
            if not _is_store(folder, kinds=('masks',)):
                yield key, f'the mask {file}'
        if any('mask' in instance for instance in info.get('instances', ())):
            yield f'{key}.ann_file', f'the instance masks in {getattr(dataset, "ann_file", "it")}'
            return


def _find_in_transforms(transform: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(transform, (list, tuple)):
        for index, child in enumerate(transform):
            yield from _find_in_transforms(child, f'{key}[{index}]')
        return
    attributes = getattr(transform, '__dict__', {})
    # mmengine's and torch's Compose are not in the config; their list is.
    yield from _find_in_transforms(attributes.get('transforms', ()), key)
    for name, value in attributes.items():
        if (
            isinstance(value, (str, Path))
            and any(word in name for word in _MASK_WORDS)
            and Path(value).is_dir()
            and not _is_store(Path(value), kinds=('masks', 'scores', 'proposals'))
        ):
            yield f'{key}.{name} ({type(transform).__name__})', f'the folder {value}'


def _is_store(folder: Path, *, kinds: tuple[str, ...]) -> bool:
    """Whether the folder belongs to a store; entries may be in its subfolders."""
    for candidate in (folder, *folder.absolute().parents):
        try:
            return json.loads((candidate / 'meta.json').read_text())['kind'] in kinds
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return False
