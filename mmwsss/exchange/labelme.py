"""labelme's JSON files, one a photo."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from mmwsss.datasets.listing import list_folder
from mmwsss.exchange.base import (
    IGNORE,
    Entry,
    ExchangeFormat,
    MaskReader,
    Size,
    class_values,
    value_of,
)
from mmwsss.exchange.polygons import TOLERANCE, corners, fill, regions
from mmwsss.exchange.reading import checked_size, read_json_file
from mmwsss.stores import StoreError
from mmwsss.stores.atomic import atomic_write_json
from mmwsss.stores.images import open_image

_ROUND = 64  # corners of a circle


class LabelmeFormat(ExchangeFormat):
    """``<id>.json`` with polygons, of which later ones are drawn over earlier ones.

    What lies in a hole is a polygon of its own after the one around it: of a class, of
    ``_background_``, or of ``__ignore__`` for pixels without a label.

    Args:
        tolerance: Pixels by which corners may move; up to 0.2 the mask API gives back every pixel.
    """

    text = "labelme's JSON files, polygons"

    def __init__(self, *, tolerance: float = TOLERANCE) -> None:
        self.tolerance = tolerance

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write a file a photo; its ``imagePath`` leads to the photo, where photos are given."""
        names = {0: '_background_', 255: IGNORE} | dict(enumerate(classes, start=1))
        for entry in entries:
            path = out / f'{entry.id}.json'
            found = regions(entry.mask, np.unique(entry.mask).tolist(), self.tolerance)
            # Whatever lies within another region has the smaller ring, and comes later.
            found.sort(key=lambda region: region.filled, reverse=True)
            photo = entry.file_name.rsplit('/', 1)[-1]
            if entry.photo is not None:
                photo = os.path.relpath(entry.photo.resolve(), path.parent.resolve())
            shapes = [
                {
                    'label': names[region.value],
                    'points': np.round(region.rings[0], 2).tolist(),
                    'group_id': None,
                    'description': '',
                    'shape_type': 'polygon',
                    'flags': {},
                }
                for region in found
                if region.value or not region.at_border
            ]
            content = {
                'version': '5.0.0',
                'flags': {},
                'shapes': shapes,
                'imagePath': photo.replace(os.sep, '/'),
                'imageData': None,
                'imageHeight': entry.mask.shape[0],
                'imageWidth': entry.mask.shape[1],
            }
            atomic_write_json(path, content)

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of all JSON files of a folder and the folders in it."""
        files = list_folder(source, ('.json',))
        if not files:
            raise StoreError(f'{source}: no .json file found')
        values = class_values(classes)
        return [(id, partial(_read, source / name, values)) for id, name in files.items()]


def _read(path: Path, values: Mapping[str, int], expected: Size | None) -> np.ndarray:
    content = read_json_file(path)
    if not isinstance(content, dict) or not isinstance(content.get('shapes'), list):
        raise ValueError(f'{path}: no file of labelme: shapes missing')
    mask = np.zeros(
        checked_size((content.get('imageHeight'), content.get('imageWidth')), expected), np.uint8
    )
    for number, shape in enumerate(content['shapes']):
        try:
            if not isinstance(shape, dict):
                raise ValueError('it is no object')
            value = value_of(shape.get('label'), values)
            if shape.get('shape_type') == 'mask':
                _paint(mask, shape, value)
            else:
                fill(mask, _outline(shape), value)
        except ValueError as error:
            raise ValueError(f'{path}: shape {number}: {error}') from None
    return mask


def _paint(mask: np.ndarray, shape: Mapping[str, object], value: int) -> None:
    """Set the pixels of a mask that labelme's tools of its own have made, in place.

    Its points are the corner pixels of a box, both included; ``mask`` is a PNG of it in base64.
    """
    points = corners(shape.get('points'))
    if len(points) != 2:
        raise ValueError(f'a mask has 2 points, found {len(points)}')
    (left, top), (right, bottom) = points.astype(int).tolist()
    try:
        png = base64.b64decode(str(shape.get('mask')), validate=True)
        with open_image(io.BytesIO(png), ('PNG',)) as image:
            inside = np.asarray(image.convert('L')) > 0
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f'its mask is no PNG in base64 ({error})') from None
    if inside.shape != (bottom - top + 1, right - left + 1):
        raise ValueError(
            f'its mask has {inside.shape[1]}x{inside.shape[0]} pixels, its points make '
            f'{right - left + 1}x{bottom - top + 1}'
        )
    if left < 0 or top < 0 or bottom >= mask.shape[0] or right >= mask.shape[1]:
        raise ValueError('its mask reaches beyond the photo')
    mask[top : bottom + 1, left : right + 1][inside] = value


def _outline(shape: Mapping[str, object]) -> np.ndarray:
    """Corners of a polygon, a rectangle or a circle. Shape: (N, 2)."""
    kind, points = shape.get('shape_type') or 'polygon', corners(shape.get('points'))
    if kind == 'polygon':
        return points
    if kind not in ('rectangle', 'circle'):
        raise ValueError(
            f'polygons, rectangles, circles and masks are read, found {kind!r}. '
            'Make a polygon of it'
        )
    if len(points) != 2:
        raise ValueError(f'a {kind} has 2 points, found {len(points)}')
    first, second = points
    if kind == 'rectangle':
        return np.array([first, (second[0], first[1]), second, (first[0], second[1])])
    angles = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
    radius = np.hypot(*(second - first))
    return first + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
