"""Label Studio's tasks with brush strokes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

import numpy as np

from mmwsss.exchange.base import (
    IGNORE,
    Entry,
    ExchangeFormat,
    MaskReader,
    Size,
    class_values,
    value_of,
)
from mmwsss.exchange.brush_rle import decode_brush, encode_brush
from mmwsss.exchange.polygons import corners, fill
from mmwsss.exchange.reading import checked_size, id_of_file_name, json_files, read_json_file
from mmwsss.stores import StoreError
from mmwsss.stores.atomic import atomic_write_bytes, atomic_write_json
from mmwsss.stores.mask_store import voc_palette

_FILE = 'tasks.json'
_PERCENT = 100


class LabelStudioFormat(ExchangeFormat):
    """``tasks.json``, where masks are predictions to correct, and ``label_config.xml``.

    Each class of a mask is a brush stroke; pixels without a label are one named ``__ignore__``.
    Of a task that comes back, its last annotation counts, or its last prediction where nobody has
    annotated it. Polygons that were added in the tool are read, too.
    """

    text = f"Label Studio's {_FILE}, brush strokes"

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write the tasks and the labels' configuration."""
        names = dict(enumerate(classes, start=1)) | {255: IGNORE}
        tasks = []
        for entry in entries:
            height, width = entry.mask.shape
            result = [
                {
                    'id': f'value{value}',
                    'from_name': 'tag',
                    'to_name': 'image',
                    'type': 'brushlabels',
                    'original_width': width,
                    'original_height': height,
                    'image_rotation': 0,
                    'value': {
                        'format': 'rle',
                        'rle': encode_brush(entry.mask == value),
                        'brushlabels': [names[value]],
                    },
                }
                for value in np.unique(entry.mask).tolist()
                if value
            ]
            address = f'/data/local-files/?d={quote(entry.file_name)}'
            data = {'image': address, 'image_id': entry.id, 'height': height, 'width': width}
            predictions = [{'model_version': 'mmwsss', 'result': result}]
            tasks.append({'data': data, 'predictions': predictions})
        atomic_write_json(out / _FILE, tasks)
        palette = voc_palette()
        lines = [
            f'    <Label value={quoteattr(name)} background="#{bytes(palette[value]).hex()}"/>'
            for value, name in names.items()
        ]
        config = [
            *('<View>', '  <Image name="image" value="$image" zoom="true"/>'),
            *('  <BrushLabels name="tag" toName="image">', *lines, '  </BrushLabels>', '</View>'),
        ]
        atomic_write_bytes(out / 'label_config.xml', ('\n'.join(config) + '\n').encode())

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of all tasks that have an annotation or a prediction."""
        values = class_values(classes)
        found: list[tuple[str, Callable[..., np.ndarray]]] = []
        for path in json_files(source, _FILE):
            try:
                tasks = read_json_file(path)
            except ValueError as error:
                raise StoreError(str(error)) from None
            if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
                raise StoreError(f"{path}: no list of Label Studio's tasks (export as JSON)")
            for number, task in enumerate(tasks):
                data = task.get('data')
                if data is None and isinstance(task.get('image'), str):
                    raise StoreError(
                        f'{path}: this is the tool\'s "JSON-MIN", which does not say what kind of '
                        'label each is. Export it as "JSON"'
                    )
                name = data.get('image_id') or data.get('image') if isinstance(data, dict) else None
                if not isinstance(name, str):
                    raise StoreError(f'{path}: task {number} has no data.image')
                id = name if 'image_id' in data else _id_of_address(name)
                found.append((id, partial(_read, task)))
        return [(id, partial(reader, values)) for id, reader in found]


def _id_of_address(address: str) -> str:
    """Id of a photo from the address that the tool serves it at."""
    name = unquote(address.split('?d=', 1)[-1].split('?', 1)[0])
    if '/upload/' in name:  # to which the tool has given a number
        name = re.sub(r'^[0-9a-f]{8}-', '', name.rsplit('/', 1)[-1])
    return id_of_file_name(name)


def _read(task: Mapping[str, Any], values: Mapping[str, int], expected: Size | None) -> np.ndarray:
    results = _last(task)
    shapes = [
        one for one in results if isinstance(one, dict) and isinstance(one.get('value'), dict)
    ]
    data = task['data']
    height, width = data.get('height'), data.get('width')
    if shapes:
        height = shapes[0].get('original_height', height)
        width = shapes[0].get('original_width', width)
    if height is None and expected is not None:
        height, width = expected
    size = checked_size((height, width), expected)
    mask = np.zeros(size, np.uint8)
    for one in shapes:
        try:
            _draw(mask, one, values)
        except ValueError as error:
            raise ValueError(f'result {one.get("id")!r}: {error}') from None
    return mask


def _last(task: Mapping[str, Any]) -> list:
    """Results of the last annotation that was not cancelled; else of the last prediction."""
    for key in ('annotations', 'predictions'):
        given = task.get(key) or []
        for one in reversed(given if isinstance(given, list) else []):
            if isinstance(one, dict) and not one.get('was_cancelled'):
                if not isinstance(results := one.get('result'), list):
                    raise ValueError(f'its {key} have no result')
                return results
    raise ValueError('nobody has annotated it, and it has no prediction')


def _draw(mask: np.ndarray, result: Mapping[str, Any], values: Mapping[str, int]) -> None:
    kind, shape = result.get('type'), result['value']
    if kind not in ('brushlabels', 'polygonlabels', 'rectanglelabels'):
        if (isinstance(kind, str) and kind.endswith('labels')) or 'rle' in shape:
            raise ValueError(f'brush strokes, polygons and rectangles are read, found {kind!r}')
        return  # choices, texts and ratings are no part of a mask
    labels = shape.get(kind)
    if not isinstance(labels, list) or len(labels) != 1:
        raise ValueError(f'one label is expected, found {labels!r}')
    value = value_of(labels[0], values)
    if result.get('image_rotation') or shape.get('rotation'):
        raise ValueError('it is rotated; turn it back in the tool')
    if kind == 'brushlabels':
        mask[decode_brush(shape.get('rle'), mask.shape)] = value
        return
    scale = np.array(mask.shape[::-1]) / _PERCENT
    if kind == 'polygonlabels':
        points = corners(shape.get('points'))
    else:
        sides = corners(
            [[shape.get('x'), shape.get('y')], [shape.get('width'), shape.get('height')]]
        )
        (x, y), (w, h) = sides.tolist()
        points = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
    fill(mask, points * scale, value)
