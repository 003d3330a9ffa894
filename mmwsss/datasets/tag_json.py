"""Tags in the JSON files of labelling tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import strip_suffix

# fmt: off
IMAGE_WORDS = (
    'filename', 'file_name', 'image', 'file', 'img', 'image_name', 'image_path', 'path',
    'imagepath', 'image_id', 'photo', 'name', 'url',
)
TAG_WORDS = (
    'tags', 'tag', 'labels', 'label', 'choices', 'choice', 'classes', 'class', 'categories',
    'category', 'class_name', 'label_name', 'category_name', 'annotations', 'keywords',
)
# fmt: on
Row = tuple[str, list[str], int]


def json_rows(text: str, source: str) -> list[Row]:
    """Image names and tags of a JSON file, or one with an object a line.

    Reads Label Studio's JSON and JSON-MIN, doccano's JSON and JSONL, COCO's annotations, and
    ``{"photo.jpg": ["cat", "dog"]}``.

    Raises:
        DataError: No JSON, or of another layout, whose keys are named.
    """
    content = _load(text, source)
    if isinstance(content, dict):
        if {'images', 'annotations', 'categories'} <= set(content):
            return list(_coco(content, source))
        if {'shapes', 'imagePath'} <= set(content):
            raise DataError(
                f"{source}: it is labelme's file of one photo. Convert the folder to COCO or VOC "
                '(labelme2coco, labelme2voc), or write a line image,tag;tag a photo'
            )
        if content and all(_names(value) is not None for value in content.values()):
            return [
                (name, _names(value) or [], number)
                for number, (name, value) in enumerate(content.items(), start=1)
            ]
        raise _unknown(source, content)
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        raise DataError(f'{source}: a JSON list of objects is expected')
    return [_record(record, number, source) for number, record in enumerate(content, start=1)]


def _load(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as whole:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise DataError(f'{source}: no readable JSON ({whole})') from None


def _record(record: dict, number: int, source: str) -> Row:
    if isinstance(record.get('data'), dict):  # a task of Label Studio
        name = record.get('file_upload') or next(
            (v for v in record['data'].values() if isinstance(v, str) and strip_suffix(v) != v),
            next((v for v in record['data'].values() if isinstance(v, str)), None),
        )
        answers = record.get('annotations', record.get('completions', []))
        if name is None or not isinstance(answers, list):
            raise _unknown(source, record)
        return name, [tag for answer in answers for tag in _label_studio(answer)], number
    lowered = {str(key).lower(): value for key, value in record.items()}
    name = next((lowered[w] for w in IMAGE_WORDS if isinstance(lowered.get(w), str)), None)
    key = next((word for word in TAG_WORDS if word in lowered), None)
    tags = [] if key is None else _names(lowered[key])
    if name is None or tags is None or (key is None and len(record) > 1 and 'id' not in record):
        raise _unknown(source, record)
    return name, tags, number


def _label_studio(answer: Any) -> Iterator[str]:
    if not isinstance(answer, dict) or answer.get('was_cancelled'):
        return
    for result in answer.get('result', ()):
        value, kind = result.get('value', {}), result.get('type', '')
        for entry in value.get(kind, ()) if isinstance(value.get(kind), list) else ():
            if isinstance(entry, str) and kind != 'textarea':
                yield entry
            elif isinstance(entry, list) and entry and isinstance(entry[-1], str):  # taxonomy
                yield entry[-1]


def _coco(content: dict, source: str) -> Iterator[Row]:
    try:
        names = {c['id']: str(c['name']) for c in content['categories']}
        tags: dict[Any, dict[str, None]] = {image['id']: {} for image in content['images']}
        for item in content['annotations']:
            tags.setdefault(item['image_id'], {})[names[item['category_id']]] = None
        for number, image in enumerate(content['images'], start=1):
            yield image['file_name'], list(tags[image['id']]), number
    except (KeyError, TypeError) as error:
        raise DataError(f'{source}: COCO annotations without {error}') from None


def _names(value: Any) -> list[str] | None:
    """Names in a value of any usual form; None where it has none of them."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, dict) and len(value) == 1:
        return _names(next(iter(value.values())))
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return [entry.strip() for entry in value]
    return None


def _unknown(source: str, record: dict) -> DataError:
    keys = ', '.join(map(str, list(record)[:8]))
    return DataError(
        f'{source}: JSON of a layout that is not known (keys {keys}). Known are those of '
        'Label Studio, doccano and COCO, and {"photo.jpg": ["cat", "dog"]}'
    )
