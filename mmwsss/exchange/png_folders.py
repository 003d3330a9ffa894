"""Folders of PNG masks: CVAT's, VOC's, plain colours, plain numbers."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.labelmap import Colour, read_labelmap
from mmwsss.datasets.listing import foreground, list_folder, read_lines
from mmwsss.exchange.base import (
    IGNORE,
    Entry,
    ExchangeFormat,
    MaskReader,
    Size,
    class_values,
    value_of,
)
from mmwsss.exchange.colours import to_indices, voc_colours
from mmwsss.exchange.reading import checked_size
from mmwsss.stores import StoreError
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes
from mmwsss.stores.foreign_masks import read_png
from mmwsss.stores.images import open_image
from mmwsss.stores.mask_store import voc_palette

_MASKS, _LABELMAP = 'SegmentationClass', 'labelmap.txt'
_LIST = 'ImageSets/Segmentation/default.txt'


class ColourFormat(ExchangeFormat):
    """``<id>.png`` in VOC's colours and ``labelmap.txt``, which says what they mean.

    Pixels without a label have a colour of their own, (224, 224, 192), named ``__ignore__``.
    Without a ``labelmap.txt``, VOC's colours for the store's classes are taken for granted.
    """

    text = f'PNGs in colours and {_LABELMAP}'
    masks = '.'

    def check_classes(self, classes: Sequence[str]) -> None:
        """Refuse names that a ``labelmap.txt`` cannot hold, too."""
        super().check_classes(classes)
        bad = [n for n in classes if ':' in n or n.startswith('#') or n != n.strip() or '\n' in n]
        if bad:
            raise StoreError(f'{_LABELMAP} cannot hold the class name {bad[0]!r}')

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write the colours and what they mean."""
        palette = voc_palette()
        for entry in entries:
            _save(out / self.masks / f'{entry.id}.png', Image.fromarray(palette[entry.mask]))
        names = {0: 'background'} | dict(enumerate(classes, start=1)) | {255: IGNORE}
        lines = ['# label:color_rgb:parts:actions'] + [
            f'{name}:{",".join(map(str, palette[value].tolist()))}::'
            for value, name in names.items()
        ]
        _write_lines(out / _LABELMAP, lines)

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of a folder and the folders in it."""
        folder = source / self.masks
        folder = folder if folder.is_dir() else source
        colours = voc_colours(len(classes))
        unknown: dict[Colour, str] = {}
        if (source / _LABELMAP).is_file():
            colours, unknown = _translated(source / _LABELMAP, classes)
        return _found(folder, partial(_read_colours, colours, unknown))


class CvatFormat(ColourFormat):
    """CVAT's "Segmentation mask 1.1": ``SegmentationClass`` in colours, ``labelmap.txt``, a list.

    Pixels without a label are of a label ``__ignore__``.
    """

    text = f"CVAT's segmentation masks: {_MASKS} in colours and {_LABELMAP}"
    masks = _MASKS

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write the colours, what they mean, and the list."""
        ids: list[str] = []
        super().write(out, _noted(entries, ids), classes)
        _write_lines(out / _LIST, ids)

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of ``SegmentationClass``; the tool's own XML is refused by name."""
        shapes = source if source.suffix == '.xml' else source / 'annotations.xml'
        if shapes.is_file() and not (source / _MASKS).is_dir():
            raise StoreError(
                f'{shapes}: CVAT\'s XML ("CVAT for images") is not read. Export the same task as '
                '"Segmentation mask 1.1", or as "COCO 1.0" and import that as coco'
            )
        return super().find(source, classes)


class VocFormat(ExchangeFormat):
    """VOC's folders with own classes: ``SegmentationClass`` with palette PNGs, ``ImageSets``.

    ``labels.txt`` names the classes, background first; 255 is 255. Photos, where they are given,
    are linked or copied to ``JPEGImages``.

    Args:
        copy: Copy photos; otherwise they are links.
    """

    text = f"VOC's folders with own classes: {_MASKS} with palette PNGs, labels.txt"

    def __init__(self, *, copy: bool = False) -> None:
        self.copy = copy

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write masks, list, names and photos."""
        ids: list[str] = []
        palette = voc_palette().tobytes()
        for entry in _noted(entries, ids):
            image = Image.fromarray(entry.mask)
            image.putpalette(palette)
            _save(out / _MASKS / f'{entry.id}.png', image)
            if entry.photo is not None:
                photo = out / 'JPEGImages' / entry.file_name
                photo.parent.mkdir(parents=True, exist_ok=True)
                if self.copy:
                    shutil.copyfile(entry.photo, photo)
                else:
                    photo.symlink_to(entry.photo.resolve())
        _write_lines(out / _LIST, ids)
        _write_lines(out / 'labels.txt', ['background', *classes])

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of ``SegmentationClass``; grey PNGs hold numbers, others VOC's colours."""
        names = _names(source / 'labels.txt', classes)
        folder = source / _MASKS if (source / _MASKS).is_dir() else source
        return _found(folder, partial(_read_voc, names, class_values(classes)))


class IndexFormat(ExchangeFormat):
    """``<id>.png``, palette or grey: 0 background, class id + 1, 255 no label, as in a store."""

    text = 'PNGs of class numbers, as in the store'

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write palette PNGs and ``classes.txt``."""
        palette = voc_palette().tobytes()
        for entry in entries:
            image = Image.fromarray(entry.mask)
            image.putpalette(palette)
            _save(out / f'{entry.id}.png', image)
        _write_lines(out / 'classes.txt', classes)

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of a folder and the folders in it; numbers are those of ``classes.txt``, if any."""
        names = _names(source / 'classes.txt', classes)
        return _found(source, partial(_read_indices, names, class_values(classes)))


def _save(path: Path, image: Image.Image) -> None:
    with atomic_write(path) as temporary:
        image.save(temporary, 'PNG')


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    atomic_write_bytes(path, ''.join(f'{line}\n' for line in lines).encode())


def _noted(entries: Iterable[Entry], ids: list[str]) -> Iterable[Entry]:
    for entry in entries:
        ids.append(entry.id)
        yield entry


def _found(folder: Path, read: partial) -> list[tuple[str, MaskReader]]:
    files = list_folder(folder, ('.png',))
    if not files:
        raise StoreError(f'{folder}: no .png file found')
    return [(id, partial(read, folder / name)) for id, name in files.items()]


def _translated(
    labelmap: Path, classes: Sequence[str]
) -> tuple[dict[Colour, int], dict[Colour, str]]:
    """Mask value of each colour of a ``labelmap.txt``, and names that are no class, by colour."""
    try:
        colours, names = read_labelmap(labelmap)
    except DataError as error:
        raise StoreError(str(error)) from None
    values, known, unknown = class_values(classes), {}, {}
    for colour, number in colours.items():
        if number in (0, 255):
            known[colour] = number
        elif (name := names[number - 1]) in values:
            known[colour] = values[name]
        else:
            unknown[colour] = name
    return known, unknown


def _read_colours(
    colours: dict[Colour, int], unknown: dict[Colour, str], path: Path, expected: Size | None
) -> np.ndarray:
    try:
        mask = to_indices(path, colours)
    except DataError as error:
        hint = '; '.join(f'{colour} is {name!r}' for colour, name in list(unknown.items())[:5])
        text = f'{error}. Of {_LABELMAP}, these are no classes of the store: {hint}'
        raise ValueError(text if hint else str(error)) from None
    checked_size(mask.shape, expected)
    return mask


def _read_voc(
    names: Sequence[str], values: dict[str, int], path: Path, expected: Size | None
) -> np.ndarray:
    try:
        with open_image(path, ('PNG',)) as image:
            grey = image.mode in ('L', '1')
    except (OSError, ValueError) as error:
        raise ValueError(f'{path}: cannot be read ({error})') from None
    mask = _numbers(path) if grey else to_indices(path, voc_colours(len(names)))
    checked_size(mask.shape, expected)
    return _renumbered(mask, names, values)


def _names(listed: Path, classes: Sequence[str]) -> list[str]:
    """Names that a file beside masks lists for their numbers; the store's where there is none."""
    if not listed.is_file():
        return list(classes)
    try:
        return foreground(read_lines(listed))
    except DataError as error:
        raise StoreError(str(error)) from None


def _renumbered(mask: np.ndarray, names: Sequence[str], values: dict[str, int]) -> np.ndarray:
    """Values of the store for the classes that a mask's numbers stand for."""
    table = np.zeros(256, np.uint8)
    table[255] = 255
    found = set(np.unique(mask).tolist()) - {0, 255}
    if wrong := sorted(number for number in found if number > len(names)):
        raise ValueError(f'values 0..{len(names)} and 255 are expected, found {wrong[:10]}')
    for number in found:
        table[number] = value_of(names[number - 1], values)
    return table[mask]


def _numbers(path: Path) -> np.ndarray:
    try:
        return read_png(path, None)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f'{path}: cannot be read ({error})') from None


def _read_indices(
    names: Sequence[str], values: dict[str, int], path: Path, expected: Size | None
) -> np.ndarray:
    mask = _numbers(path)
    checked_size(mask.shape, expected)
    return _renumbered(mask, names, values)
