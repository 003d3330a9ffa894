"""Pictures of what a store holds, one file an image and kind of picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mmwsss.datasets.io import read_image
from mmwsss.stores import Store
from mmwsss.stores.atomic import atomic_write
from mmwsss.structures import BoxPrompts, Proposals, Seeds
from mmwsss.visualization.overlay import (
    blend,
    cam_overlay,
    full_palette,
    heat,
    mask_overlay,
    outlines,
)

Pictures = dict[str, np.ndarray]
_NEUTRAL = np.array((128, 128, 128), np.uint8)  # of boxes without a class


def paint_store(
    store: Store,
    out: str | Path,
    *,
    photos: Mapping[str, str | Path] | None = None,
    ids: Sequence[str] | None = None,
    palette: np.ndarray | None = None,
    background: float = 0.3,
    each_class: bool = False,
    upright: bool | None = None,
    track: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> list[str]:
    """Paint the entries of a store.

    Files are ``out/<picture>/<id>.png``. Pictures are, of scores: ``cam`` (the best score of each
    pixel, blue to red), with ``each_class`` also ``cam_<class>``, ``mask`` (classes in colours) and
    ``overlay`` (the mask over the photo); of masks: ``mask`` and ``overlay``; of proposals:
    ``level0``, ``level1``, ... (better ranked ones on top, each in a colour of its own); of
    prompts: ``boxes``. Without photos there is no overlay, and maps lie on black.

    Args:
        store: What to paint.
        out: Folder of the pictures.
        photos: Path of each photo by image id.
        ids: Images to paint. Defaults to all of the store.
        palette: Colours by mask value. Defaults to VOC's. Shape: (n, 3), uint8.
        background: Background score at which scores become a mask, where they hold none.
        each_class: A picture of the scores of each class, too.
        upright: Apply the photos' EXIF orientation, as the entries were made. Defaults to what the
            store says of it, or where it says nothing to what gives a photo its entry's size.
        track: Wraps the ids, to show progress.

    Returns:
        Ids that were painted.

    Raises:
        StoreError: An entry is missing or broken.
        DataError: A photo cannot be read.
        ValueError: An entry is not of its photo's size.
    """
    wanted = list(store if ids is None else ids)
    colours = full_palette(palette)
    names = [name.replace('/', '_') for name in store.meta.classes]
    if upright is None:
        upright = store.meta.protocol.get('upright')
    for id in track(wanted):
        value = store[id]
        path = None if photos is None else photos.get(id)
        size = value.shape if isinstance(value, np.ndarray) else value.size
        photo = None if path is None else _read(path, id, tuple(size), upright)
        if photo is not None and photo.shape[:2] != tuple(size):
            raise ValueError(
                f'{id}: the entry is {size[0]} x {size[1]} (height x width), the photo '
                f'{photo.shape[0]} x {photo.shape[1]}: it is of another photo'
            )
        if isinstance(value, Seeds):
            pictures = paint_seeds(value, photo, names, colours, background, each_class)
        elif isinstance(value, Proposals):
            pictures = paint_proposals(value, photo)
        elif isinstance(value, BoxPrompts):
            pictures = {'boxes': paint_boxes(value, photo, store.meta.classes, colours)}
        else:
            pictures = paint_mask(value, photo, colours)
        for picture, pixels in pictures.items():
            with atomic_write(Path(out) / picture / f'{id}.png', sync_folder=False) as file:
                Image.fromarray(pixels).save(file, 'PNG', compress_level=1)
    return wanted


def paint_seeds(
    seeds: Seeds,
    photo: np.ndarray | None,
    names: Sequence[str],
    colours: np.ndarray,
    background: float,
    each_class: bool,
) -> Pictures:
    """Pictures of scores, see :func:`paint_store`."""
    full = seeds.resize(seeds.size)
    canvas = _canvas(full.size) if photo is None else photo
    opacity = 1.0 if photo is None else 0.55
    pictures = {'cam': cam_overlay(canvas, full, opacity)}
    if each_class:
        for index, map_ in zip(full.classes, full.scores, strict=True):
            pictures[f'cam_{names[index]}'] = blend(canvas, heat(map_), opacity)
    mask = full.to_mask(None if full.background is not None else background)
    return {**pictures, **paint_mask(mask, photo, colours)}


def paint_mask(mask: np.ndarray, photo: np.ndarray | None, colours: np.ndarray) -> Pictures:
    """Pictures of a label map, see :func:`paint_store`."""
    pictures = {'mask': colours[mask]}
    if photo is not None:
        pictures['overlay'] = mask_overlay(photo, mask, colours[:255])
    return pictures


def paint_proposals(proposals: Proposals, photo: np.ndarray | None) -> Pictures:
    """A picture of each level of proposals, see :func:`paint_store`."""
    canvas = _canvas(proposals.size) if photo is None else photo
    masks = proposals.masks()
    pictures = {}
    for level in np.unique(proposals.level).tolist():
        chosen = np.flatnonzero(proposals.level == level)
        own = masks[chosen]
        best = np.where(own.any(0), own.argmax(0) + 1, 0)  # the first True is the best rank
        tints = np.concatenate([np.zeros((1, 3), np.uint8), _tints(len(chosen))])
        painted = blend(canvas, tints[best], np.where(best > 0, np.float32(0.6), np.float32(0)))
        painted[outlines(best)] = 255
        pictures[f'level{level}'] = painted
    return pictures or {'level0': canvas}


def paint_boxes(
    prompts: BoxPrompts, photo: np.ndarray | None, names: Sequence[str], colours: np.ndarray
) -> np.ndarray:
    """Boxes with class and confidence, see :func:`paint_store`. Shape: (H, W, 3), uint8."""
    height, width = prompts.size
    picture = Image.fromarray(_canvas(prompts.size) if photo is None else photo)
    draw = ImageDraw.Draw(picture)
    corners = prompts.boxes * np.array([width, height, width, height], np.float32)
    last = np.array([width - 1, height - 1] * 2)
    corners = np.clip(corners, 0, last)
    for box, score, index in zip(corners, prompts.scores, prompts.classes, strict=True):
        colour = tuple((colours[index + 1] if index >= 0 else _NEUTRAL).tolist())
        draw.rectangle(box.tolist(), outline=colour, width=2)
        name = names[index] if index >= 0 else 'no class'
        draw.text((box[0] + 3, box[1] + 2), f'{name} {score:.2f}', fill=colour)
    return np.asarray(picture)


def _read(path: str | Path, id: str, size: tuple[int, int], upright: bool | None) -> np.ndarray:
    """A photo as it is stored or upright; where nobody says, upright if only then it fits."""
    photo = read_image(path, id, upright=bool(upright))
    if upright is None and photo.shape[:2] != size:
        turned = read_image(path, id, upright=True)
        return turned if turned.shape[:2] == size else photo
    return photo


def _canvas(size: tuple[int, int]) -> np.ndarray:
    return np.zeros((*size, 3), np.uint8)


def _tints(count: int) -> np.ndarray:
    """Colours that differ between neighbours in rank: hues by the golden ratio. Shape: (n, 3)."""
    hues = (np.arange(count) * 0.618034 % 1 * 255).round()
    hsv = np.stack([hues, np.full(count, 200), np.full(count, 255)], -1).astype(np.uint8)
    return np.asarray(Image.fromarray(hsv[None], 'HSV').convert('RGB'))[0]
