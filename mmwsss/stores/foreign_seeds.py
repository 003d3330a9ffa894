"""Turn what a file of seeds of another project holds into our :class:`~mmwsss.structures.Seeds`."""

from collections.abc import Callable

import numpy as np

from mmwsss.stores.foreign_formats import Dump, ReadOptions
from mmwsss.structures import Seeds
from mmwsss.structures.interpolation import resize_bilinear

SizeOf = Callable[[], tuple[int, int] | None]
# Published maps end just under 1; float rounding may lift them a little above.
_SLACK = 1e-3


def align(
    dump: Dump, num_classes: int, options: ReadOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Find the class of each map.

    Args:
        dump: Content of a file.
        num_classes: C.
        options: See :class:`ReadOptions`.

    Returns:
        ``(classes, maps, background)``: class ids 0..C-1 (K,), maps (K, h, w) and the background's
        map (h, w), if there is one.

    Raises:
        ValueError: Keys and maps do not agree in number, or a key is no class.
    """
    keys, maps = dump.keys, dump.maps
    asked = dump.background if options.background == 'auto' else options.background
    if keys is None:
        keys, count = np.arange(num_classes), len(maps) - (asked == 'first')
        if len(maps) not in (num_classes, num_classes + 1) or count > num_classes + 1:
            raise ValueError(
                f'{len(maps)} maps found; {num_classes} (the classes) or {num_classes + 1} (the '
                'background in front) are expected where no keys say whose they are'
            )
    counts = f'{len(keys)} keys ({_short(keys)}) and {len(maps)} maps'
    background, shift = None, 0
    padded = bool(len(keys)) and keys[0] == 0
    if len(maps) == len(keys) and asked == 'first' and (padded or options.background == 'first'):
        if not len(keys):
            raise ValueError('no map at all, where the first one is to be the background')
        background, maps, keys, shift = maps[0], maps[1:], keys[1:], 1
    elif len(maps) == len(keys) + 1 and asked != 'none':
        background, maps = maps[0], maps[1:]
    elif len(keys) == len(maps) + 1 and padded and asked != 'none':
        keys, shift = keys[1:], 1
    elif len(maps) != len(keys):
        raise ValueError(f'{counts} found: it cannot be told which map is of which class')
    offset = shift if options.offset is None else options.offset
    classes = keys - offset
    wrong = keys[(classes < 0) | (classes >= num_classes)]
    if len(wrong):
        hint = ''
        if wrong.max() == num_classes and offset == 0:
            hint = ': keys that are counted from 1 need --offset 1'
        elif wrong.min() == 0 and offset == 1:
            hint = ': if key 0 is the background, give --background first'
        raise ValueError(
            f'class id {wrong[0] - offset} found (key {wrong[0]}, first class {offset}), the store '
            f'has ids 0..{num_classes - 1}{hint}'
        )
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f'a class occurs twice among the keys {_short(keys)}')
    return classes, maps, background


def to_seeds(
    dump: Dump,
    fmt: str,
    num_classes: int,
    options: ReadOptions,
    image_size: SizeOf,
    compare_sizes: bool = True,
) -> Seeds:
    """Seeds of a file's content.

    Args:
        dump: Content of a file.
        fmt: One of :data:`FORMATS`.
        num_classes: C.
        options: See :class:`ReadOptions`.
        image_size: Gives (H, W) of the photo; None where that is not known.
        compare_sizes: Refuse maps of full size that are not the photo's.

    Raises:
        ValueError: The file does not follow the format; the message says what to do.
    """
    classes, maps, background = align(dump, num_classes, options)
    size = image_size()
    if size is None and (not dump.full_size or not maps.size):
        raise ValueError('the file does not tell the image size: give the image folder (--images)')
    if not maps.size:
        return Seeds(np.zeros(0, int), np.zeros((0, *size), np.float32), None, size)  # type: ignore
    raw = None
    if fmt == 'fma':
        raw = maps
        maps = resize_bilinear(maps, size).clip(0)  # type: ignore[arg-type]
        maps = _minmax(maps)
    shape: tuple[int, int] = maps.shape[1:]
    if size is None or (dump.full_size and not compare_sizes and not options.key):
        size = shape
    if dump.full_size and shape != size and not options.key:
        raise ValueError(
            f'its maps are {shape[0]}x{shape[1]} (height x width), the photo {size[0]}x{size[1]}. '
            'Seeds have the size of the stored photo (without EXIF rotation)'
        )
    maps, background = _normalised(maps, background, options)
    maps = _unit(maps, 'scores')
    if background is not None:
        background = _unit(background, 'the background')
    if dump.keys is None:  # of all classes: keep those that win somewhere
        first = maps.argmax(0)
        if background is not None:
            first = first[maps.max(0) > background]
        kept = np.unique(first)
        classes, maps = classes[kept], maps[kept]
    order = np.argsort(classes, kind='stable')
    raw = raw if raw is None else raw[order]
    return Seeds(classes[order], maps[order], background, size, raw)


def _normalised(
    maps: np.ndarray, background: np.ndarray | None, options: ReadOptions
) -> tuple[np.ndarray, np.ndarray | None]:
    every = maps if background is None else np.concatenate([background[None], maps])
    if options.nan_to_zero:
        every = np.nan_to_num(every, nan=0.0, posinf=np.inf, neginf=-np.inf)
    elif np.isnan(every).any():
        raise ValueError(
            'scores must lie in [0, 1], found nan, as a division by a maximum of 0 leaves it: '
            '--nan-to-zero takes it for 0'
        )
    if options.normalise == 'max':
        every = every.clip(0)
        highest = every.max((1, 2), keepdims=True)
        every = np.divide(every, highest, out=np.zeros_like(every), where=highest > 0)
    elif options.normalise == 'minmax':
        every = _minmax(every)
    elif options.normalise == 'softmax':
        every = np.exp(every - every.max(0))
        every = every / every.sum(0)
    elif options.normalise == 'byte':
        every = every / 255
    return (every, None) if background is None else (every[1:], every[0])


def _minmax(maps: np.ndarray) -> np.ndarray:
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / (high - low + 1e-7)


def _unit(maps: np.ndarray, what: str) -> np.ndarray:
    """Clip rounding errors and refuse values outside [0, 1]."""
    if not maps.size:
        return maps
    low, high = float(maps.min()), float(maps.max())
    if low < -_SLACK:
        advice = '--normalise softmax for logits of all classes, max for maps of single classes'
    elif high > 1 + _SLACK and high <= 255 and (maps == maps.round()).all():
        advice = '--normalise byte divides by 255'
    else:
        advice = '--normalise max divides each class by its maximum'
    if not (low >= -_SLACK and high <= 1 + _SLACK):
        raise ValueError(
            f'{what} must lie in [0, 1], found {low:.4g}..{high:.4g}: normalise them first '
            f'({advice})'
        )
    return maps.clip(0, 1)


def _short(keys: np.ndarray) -> str:
    return ', '.join(map(str, keys[:6].tolist())) + (', ...' if len(keys) > 6 else '')
