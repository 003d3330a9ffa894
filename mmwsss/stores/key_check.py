"""Compare the class numbers of imported seeds with the tags of their photos."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from mmwsss.stores.errors import StoreMismatch
from mmwsss.stores.foreign_formats import Dump, ReadOptions
from mmwsss.stores.foreign_seeds import align

_BETTER = 0.1  # so much closer must another reading be to be named


def check_keys(
    dumps: Mapping[str, Dump],
    tags: Mapping[str, Collection[int]] | None,
    num_classes: int,
    options: ReadOptions,
) -> None:
    """Raise an error if the keys of a dump mean other classes than assumed.

    Each way to read them (``--offset`` 0 or 1, with or without a background in front) is compared
    with the tags: how many files share a class with them, and how close both sets are on average.
    Without tags, a class 0 in every file is taken for an unnamed background.

    Args:
        dumps: Some files by image id.
        tags: Class ids 0..C-1 by image id, where they are known.
        num_classes: C.
        options: How they would be read.

    Raises:
        StoreMismatch: With the shares of files that fit, and the option that would fit.
    """
    if not tags or not any(tags.get(id) for id in dumps):
        _check_background(dumps, options)
        return
    dumps = {id: dump for id, dump in dumps.items() if tags.get(id) and dump.keys is not None}
    dumps = {id: dump for id, dump in dumps.items() if len(dump.keys)}  # type: ignore[arg-type]
    if not dumps:
        return
    readings = {_named(o): o for o in (options, *_others(options))}
    found = {
        name: _closeness(dumps, tags, num_classes, reading) for name, reading in readings.items()
    }
    mine, (best, other) = found[_named(options)], max(found.items(), key=lambda item: item[1][1])
    total = len(dumps)
    if mine[0] * 2 >= total and other[1] < mine[1] + _BETTER:
        return
    id, dump = next(iter(dumps.items()))
    example = f'{id}: keys {list(dump.keys)}, tags {sorted(tags[id])}'  # type: ignore[arg-type]
    example = example.replace('np.int64', '').replace('(', '').replace(')', '')
    text = (
        f'the keys were compared with the tags of the photos: as they would be read'
        f'{_named(options)}, {mine[0]} of {total} files fit (class ids counted from 0; {example}). '
    )
    if other[1] >= mine[1] + _BETTER and other[0] * 2 >= total:
        raise StoreMismatch(
            text + f'With{best.removeprefix(" with")}, {other[0]} of {total} would: '
            'give that option'
        )
    raise StoreMismatch(
        text + 'No offset fits better: are they of another data set or class order? '
        '--ignore-tags imports them nevertheless'
    )


def _check_background(dumps: Mapping[str, Dump], options: ReadOptions) -> None:
    """Class 0 in every one of several files, beside others, is more likely the background."""
    if options.background != 'auto' or options.offset is not None:
        return
    keyed = [
        d for d in dumps.values() if d.keys is not None and len(d.keys) and d.background == 'auto'
    ]
    with_zero = [d for d in keyed if len(d.keys) == len(d.maps) and d.keys[0] == 0]  # type: ignore[arg-type, index]
    beside = [d for d in with_zero if len(d.keys) > 1]  # type: ignore[arg-type]
    if len(keyed) > 1 and len(with_zero) == len(keyed) and len(beside) == len(keyed):
        raise StoreMismatch(
            f'key 0 is in every one of {len(keyed)} files: is it the background or the first '
            'class? Give --background first (keys are then counted from 1) or --background none'
        )


def _others(options: ReadOptions) -> list[ReadOptions]:
    offsets = [replace(options, offset=offset) for offset in (0, 1)]
    return [*offsets, replace(options, offset=None, background='first')]


def _named(options: ReadOptions) -> str:
    parts = [f'--offset {options.offset}'] if options.offset is not None else []
    if options.background != 'auto':
        parts.append(f'--background {options.background}')
    return f' with {" ".join(parts)}' if parts else ''


def _closeness(
    dumps: Mapping[str, Dump],
    tags: Mapping[str, Collection[int]],
    num_classes: int,
    options: ReadOptions,
) -> tuple[int, float]:
    """Files that share a class with their tags, and the mean IoU of both sets."""
    fit, total = 0, []
    for id, dump in dumps.items():
        wanted = set(tags[id])
        try:
            classes = set(align(dump, num_classes, options)[0].tolist())
        except ValueError:
            classes = set()
        fit += bool(classes & wanted)
        total.append(len(classes & wanted) / len(classes | wanted))
    return fit, float(np.mean(total))
