"""COCO's annotation file: polygons or run-length codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as mask_api

from mmwsss.datasets.coco_json import check_keys, drawable
from mmwsss.exchange.base import (
    IGNORE,
    Entry,
    ExchangeFormat,
    MaskReader,
    Size,
    class_values,
    value_of,
)
from mmwsss.exchange.polygons import TOLERANCE, fill, joined, regions
from mmwsss.exchange.reading import checked_size, id_of_file_name, json_files, read_json_file
from mmwsss.stores import StoreError
from mmwsss.stores.atomic import atomic_write_json
from mmwsss.stores.coco_rle import coco_mask

_FILE = 'annotations.json'


class CocoFormat(ExchangeFormat):
    """``annotations.json`` with categories 1..C and, as C + 1, ``__ignore__``.

    Pixels without an annotation are background. Annotations are drawn in the order of the file.

    Args:
        polygons: Write a polygon for each connected region (holes are joined to it by seams);
            otherwise a run-length code for each class. Both are read.
        tolerance: Pixels by which corners may move; up to 0.2 the mask API gives back every pixel.
    """

    def __init__(self, *, polygons: bool, tolerance: float = TOLERANCE) -> None:
        self.polygons, self.tolerance = polygons, tolerance
        self.text = f"COCO's {_FILE}, {'polygons' if polygons else 'run-length codes'}"

    def write(self, out: Path, entries: Iterable[Entry], classes: Sequence[str]) -> None:
        """Write ``annotations.json``."""
        names = [*classes, IGNORE]
        images: list[dict] = []
        annotations: list[dict] = []
        for entry in entries:
            height, width = entry.mask.shape
            image = len(images) + 1
            record = {'id': image, 'file_name': entry.file_name, 'height': height, 'width': width}
            images.append(record)
            for value, shape, area, box in self._shapes(entry.mask):
                annotations.append(
                    {
                        'id': len(annotations) + 1,
                        'image_id': image,
                        'category_id': len(names) if value == 255 else value,
                        'segmentation': shape,
                        'area': area,
                        'bbox': box,
                        'iscrowd': 0 if self.polygons else 1,
                    }
                )
        categories = [{'id': k, 'name': name} for k, name in enumerate(names, start=1)]
        atomic_write_json(
            out / _FILE, {'images': images, 'annotations': annotations, 'categories': categories}
        )

    def _shapes(self, mask: np.ndarray) -> Iterable[tuple[int, Any, int, list[float]]]:
        values = [int(v) for v in np.unique(mask) if v]
        if self.polygons:
            for region in regions(mask, values, self.tolerance):
                low, high = region.rings[0].min(0), region.rings[0].max(0)
                box = [*low.tolist(), *(high - low).tolist()]
                polygon = [round(x, 2) for x in joined(region.rings).ravel().tolist()]
                yield region.value, [polygon], region.area, box
            return
        for value in values:
            code = mask_api.encode(np.asfortranarray(mask == value))
            area, box = int(mask_api.area(code)), mask_api.toBbox(code).tolist()
            text = {'size': [int(x) for x in code['size']], 'counts': code['counts'].decode()}
            yield value, text, area, box

    def find(self, source: Path, classes: Sequence[str]) -> list[tuple[str, MaskReader]]:
        """Masks of all images that the file lists, those without annotations included."""
        found: list[tuple[str, MaskReader]] = []
        values = class_values(classes)
        for path in json_files(source, _FILE):
            try:
                content = read_json_file(path)
                check_keys(content)
                images, drawn, categories = (
                    [item for item in content[key] if isinstance(item, dict)]
                    for key in ('images', 'annotations', 'categories')
                )
                names = {item.get('id'): item.get('name') for item in categories}
                by_image: dict[Any, list[dict]] = {}
                for item in drawn:
                    by_image.setdefault(item.get('image_id'), []).append(item)
            except (TypeError, ValueError) as error:
                raise StoreError(f'{path}: {error}') from None
            for image in images:
                if not isinstance(image.get('file_name'), str) or 'id' not in image:
                    raise StoreError(f'{path}: image {image.get("id")!r} has no file_name or no id')
                items = by_image.get(image['id'], [])
                reader = partial(_read, image, items, names, values)
                found.append((id_of_file_name(image['file_name']), reader))
        return found


def _read(
    image: Mapping[str, Any],
    items: Sequence[dict],
    names: Mapping[Any, Any],
    values: Mapping[str, int],
    expected: Size | None,
) -> np.ndarray:
    size = checked_size((image.get('height'), image.get('width')), expected)
    mask = np.zeros(size, np.uint8)
    for item in items:
        try:
            value = value_of(names.get(item.get('category_id')), values)
            shape = item.get('segmentation')
            if isinstance(shape, dict):
                mask[coco_mask(shape, size)] = value
                continue
            for polygon in drawable(shape, size):
                fill(mask, np.array(polygon, np.float64).reshape(-1, 2), value)
        except ValueError as error:
            raise ValueError(f'annotation {item.get("id")!r}: {error}') from None
    return mask
