"""Read COCO annotation files, also of labelling tools, as masks to draw for each image."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import composed, foreground, shown, strip_suffix
from mmwsss.datasets.tag_names import resolve_names
from mmwsss.stores.coco_rle import coco_runs

Shape = tuple[int, list | dict]


@dataclass
class Drawing:
    """What to draw for one image.

    Args:
        name: Path of its mask without suffix: that of the photo, with its folders.
        file_name: The photo as the file names it.
        size: (H, W).
        shapes: Mask value and segmentation of each annotation, in the order of the file.
        labels: Mask values of all its annotations, crowds and those that cannot be drawn included.
    """

    name: str
    file_name: str
    size: tuple[int, int]
    shapes: list[Shape] = field(default_factory=list)
    labels: set[int] = field(default_factory=set)


def category_names(content: Any) -> list[str]:
    """Names of the categories that an annotation uses, sorted.

    Raises:
        DataError: The file holds no annotations of COCO.
    """
    check_keys(content)
    used = {item.get('category_id') for item in _records(content['annotations'])}
    names = {str(c.get('name')) for c in _records(content['categories']) if c.get('id') in used}
    return sorted(composed(name) for name in foreground(names))


def drawings(
    content: Any,
    numbers: Mapping[str, int],
    *,
    crowds: bool,
    images: Collection[str] | None = None,
) -> tuple[list[Drawing], list[str]]:
    """What to draw, and what cannot be drawn.

    Args:
        content: The file.
        numbers: Mask value of each category's name; others are left out.
        crowds: Draw crowds, too.
        images: Ids of the photos, where they are known: names are matched with them.

    Returns:
        ``(drawings, remarks)``; a remark names the image and the annotation.

    Raises:
        DataError: The file holds no annotations of COCO, or two photos would share a mask.
    """
    check_keys(content)
    remarks: list[str] = []
    found: dict[Any, Drawing] = {}
    for image in _records(content['images']):
        name, size = image.get('file_name'), _size(image)
        if not isinstance(name, str) or 'id' not in image or size is None:
            remarks.append(f'image {name or image.get("id")!r}: it has no file_name, id or size')
        elif image['id'] in found:
            remarks.append(f'image {name!r}: its id {image["id"]!r} occurs twice')
        else:
            found[image['id']] = Drawing(_mask_name(name), name, size)
    names, more = resolve_names([d.name for d in found.values()], images)
    remarks += more
    for known, name in zip(found.values(), names, strict=True):
        known.name = name
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f'{len(twice)} masks would be of two photos each: {shown(twice)}. Photos differ in '
            'more than their suffix: rename them, or give --images'
        )
    categories = {
        c.get('id'): composed(str(c.get('name'))) for c in _records(content['categories'])
    }
    for number, item in enumerate(_records(content['annotations'])):
        drawing = found.get(item.get('image_id'))
        who = f'annotation {item.get("id", f"number {number}")!r}'
        if drawing is None:
            remarks.append(f'{who}: there is no image {item.get("image_id")!r}')
            continue
        who = f'image {drawing.file_name!r}, {who}'
        name = categories.get(item.get('category_id'))
        if name is None:
            remarks.append(f'{who}: there is no category {item.get("category_id")!r}')
            continue
        if name not in numbers:
            continue
        drawing.labels.add(numbers[name])
        if crowds or not item.get('iscrowd'):
            try:
                shape = drawable(item.get('segmentation'), drawing.size)
            except ValueError as error:
                remarks.append(f'{who}: {error}')
            else:
                drawing.shapes.append((numbers[name], shape))
    return list(found.values()), remarks


def drawable(shape: Any, size: tuple[int, int]) -> list | dict:
    """Check that the mask API can draw a segmentation, and return what it draws.

    If the first polygon has two corners, the API would take all for boxes: such polygons are then
    dropped.

    Raises:
        ValueError: It cannot be drawn; the message says why.
    """
    if isinstance(shape, dict):
        coco_runs(shape, size)
        return {**shape, 'size': list(size)}
    if not isinstance(shape, list) or not shape:
        raise ValueError('it has no segmentation')
    if all(isinstance(x, int | float) for x in shape):
        raise ValueError('its segmentation is a list of numbers; a list of polygons is expected')
    for polygon in shape:
        if not isinstance(polygon, list) or len(polygon) % 2 or len(polygon) < 4:
            raise ValueError('a polygon is no list of x, y, x, y, ...')
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in polygon):
            raise ValueError('a polygon holds something that is no number')
    if len(shape[0]) < 6:
        shape = [polygon for polygon in shape if len(polygon) >= 6]
    if not shape:
        raise ValueError('its polygon has fewer than 3 corners')
    return shape


def check_keys(content: Any) -> None:
    """Raise an error if this is not a COCO annotation file.

    Raises:
        DataError: With the keys found.
    """
    keys = list(content) if isinstance(content, dict) else type(content).__name__
    missing = [k for k in ('images', 'annotations', 'categories') if k not in keys]
    if missing:
        hint = ' (a list of test images has none)' if missing == ['annotations'] else ''
        raise DataError(f'no annotations of COCO: {", ".join(missing)} missing{hint}, found {keys}')


def _records(values: Any) -> list[dict]:
    return [value for value in values if isinstance(value, dict)]


def _size(image: dict) -> tuple[int, int] | None:
    try:
        height, width = (float(image[key]) for key in ('height', 'width'))
    except (KeyError, TypeError, ValueError):
        return None
    whole = height == int(height) and width == int(width)
    return (int(height), int(width)) if whole and height >= 1 and width >= 1 else None


def _mask_name(file_name: str) -> str:
    """Path of a mask without suffix; absolute paths and addresses keep their last part."""
    path = PurePosixPath(file_name.replace('\\', '/'))
    if path.is_absolute() or '..' in path.parts or ':' in path.parts[0]:
        path = PurePosixPath(path.name)
    return strip_suffix(path.as_posix())
