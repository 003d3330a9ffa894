"""Pictures of what a network is given: photos after augmentation, tags and label maps."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from PIL import Image

from mmwsss.stores.atomic import atomic_write, atomic_write_bytes
from mmwsss.visualization.overlay import full_palette, mask_overlay

#: Label maps of classes; the values of all others are numbers of segments.
_CLASSES = ('gt_sem_seg', 'pseudo_mask')


def browse_dataset(
    dataset: Any,
    out: str | Path,
    *,
    limit: int = 20,
    repeat: int = 1,
    seed: int = 0,
    bgr: bool = False,
) -> int:
    """Write samples as a network gets them.

    Pictures are ``out/<id>_<draw>.png`` (``<id>_<draw>_<view>.png`` where a sample has several
    views), with ``_<map>`` at the end those with a label map over them. ``samples.txt`` has sizes
    and tags, one picture a line.

    Args:
        dataset: A data set whose pipeline packs its samples.
        out: Folder of the pictures.
        limit: Number of photos, spread evenly over the data set.
        repeat: Draws of each photo, with other augmentation each.
        seed: Of the augmentation; the same one gives the same pictures.
        bgr: The pipeline gives BGR, as mmcv's ``LoadImageFromFile`` does.

    Returns:
        Number of pictures.

    Raises:
        ValueError: A sample is not packed.
    """
    out = Path(out)
    meta = dataset.metainfo
    palette = full_palette(meta.get('palette'))
    positions = np.linspace(0, len(dataset) - 1, min(limit, len(dataset))).round().astype(int)
    rows, written = [], 0
    for position in positions.tolist():
        for draw in range(repeat):
            sample = _draw(dataset, position, draw, seed)
            name = _name(sample, position).lstrip('/')
            tags = _tags(sample, meta.get('classes', ()))
            for part, picture in _pictures(sample, palette, bgr):
                file = f'{name}_{draw}{part}.png'
                (out / file).parent.mkdir(parents=True, exist_ok=True)
                with atomic_write(out / file, sync_folder=False) as path:
                    Image.fromarray(picture).save(path, 'PNG', compress_level=1)
                rows.append(f'{file}\t{picture.shape[1]}x{picture.shape[0]}\t{tags}')
                written += 1
    atomic_write_bytes(out / 'samples.txt', ('\n'.join(rows) + '\n').encode())
    return written


def _draw(dataset: Any, position: int, draw: int, seed: int) -> Mapping[str, Any]:
    numbers = np.random.SeedSequence((seed, draw, position)).generate_state(3)
    random.seed(int(numbers[0]))
    np.random.seed(numbers[1])
    torch.default_generator.manual_seed(int(numbers[2]))
    sample = dataset[position]
    if not isinstance(sample, Mapping) or 'inputs' not in sample:
        found = sorted(sample) if isinstance(sample, Mapping) else type(sample).__name__
        raise ValueError(f'samples end with inputs (PackTagged, PackSegInputs), found {found}')
    return sample


def _name(sample: Mapping[str, Any], position: int) -> str:
    data = sample.get('data_samples')
    if data is None:
        return f'{position:06d}'
    path = data.get('img_path')
    return str(data.get('img_id') or (Path(path).stem if path else f'{position:06d}'))


def _tags(sample: Mapping[str, Any], classes: Sequence[str]) -> str:
    data = sample.get('data_samples')
    labels = None if data is None else data.get('gt_label')
    if labels is None:
        return ''
    return ';'.join(classes[k + 1] for k in np.flatnonzero(np.asarray(labels)))


def _pictures(
    sample: Mapping[str, Any], palette: np.ndarray, bgr: bool
) -> Iterator[tuple[str, np.ndarray]]:
    inputs = sample['inputs']
    views = inputs if isinstance(inputs, list | tuple) else [inputs]
    for number, view in enumerate(views):
        part = f'_{number}' if len(views) > 1 else ''
        picture = _to_picture(view)
        picture = picture[..., ::-1].copy() if bgr else picture
        yield part, picture
        for field, map_ in _maps(sample.get('data_samples')):
            if map_.shape == picture.shape[:2]:
                colours = palette if field in _CLASSES else full_palette()
                yield (
                    f'{part}_{field}',
                    mask_overlay(picture, _to_bytes(map_, field), colours[:255]),
                )


def _to_picture(view: torch.Tensor) -> np.ndarray:
    """(3, H, W) of any type to uint8 (H, W, 3); what is no 0..255 is stretched to it."""
    array = np.ascontiguousarray(view.detach().cpu().numpy().transpose(1, 2, 0))
    if array.dtype == np.uint8:
        return array
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255 or high <= 1:
        array = (array - low) / max(high - low, 1e-6) * 255
    return array.round().astype(np.uint8)


def _maps(data: Any) -> Iterable[tuple[str, np.ndarray]]:
    if data is None:
        return
    for field in data.all_keys():
        value = data.get(field)
        if isinstance(value, PixelData) and 'data' in value:
            map_ = np.asarray(value.data)
            if map_.ndim == 3 and len(map_) == 1 and map_.dtype.kind in 'iu':
                yield field, map_[0]


def _to_bytes(map_: np.ndarray, field: str) -> np.ndarray:
    if field in _CLASSES:
        return map_.astype(np.uint8)
    # Segments are 0 and up, what belongs to none is negative or 255.
    return np.where(map_ < 0, 0, map_ % 254 + 1).astype(np.uint8)
