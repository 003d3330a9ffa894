"""One HTML file that shows what every stage made of the photos, the worst first."""

import base64
import io
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.stores import Store, StoreError, open_store
from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.structures import Seeds
from mmwsss.version import __version__
from mmwsss.visualization.image_iou import image_iou
from mmwsss.visualization.overlay import cam_overlay, full_palette, mask_overlay
from mmwsss.visualization.text import COLUMNS, format_seconds, protocol_text

CHOICES = ('even', 'worst', 'random')
_PARTS = {'scores': 'seeds', 'masks': 'pseudo mask', 'predictions': 'segmentor'}
_NOTES = {
    'even': 'spread evenly over the ranking from worst to best',
    'worst': 'the worst ones',
    'random': 'drawn at random (seed 0)',
}


@dataclass
class _Shown:
    """One photo of the report."""

    id: str
    tags: list[str]
    iou: float | None = None
    panels: list[dict[str, Any]] = field(default_factory=list)


class _Images:
    """Label maps of a data set's images from stores, and how good each is."""

    def __init__(self, dataset: Any, stores: Mapping[str, Store], background: float) -> None:
        self.dataset, self.stores, self.background = dataset, stores, background
        self.classes = tuple(dataset.metainfo['classes'])
        self.infos = {
            info['img_id']: info for info in map(dataset.get_data_info, range(len(dataset)))
        }

    def truth(self, id: str) -> np.ndarray | None:
        path = self.infos[id].get('seg_map_path')
        return None if path is None else read_mask(path, len(self.classes), img_id=id)

    def mask(self, part: str, id: str) -> np.ndarray:
        value = self.stores[part][id]
        if isinstance(value, Seeds):
            return value.to_mask(None if value.background is not None else self.background)
        return value

    def iou(self, part: str, id: str, truth: np.ndarray | None) -> float | None:
        if truth is None or id not in self.stores[part]:
            return None
        value = image_iou(self.mask(part, id), truth, len(self.classes))
        return None if math.isnan(value) else value


def make_report(
    path: str | Path,
    *,
    dataset: Any,
    scores: str | Path | None = None,
    masks: str | Path | None = None,
    predictions: str | Path | None = None,
    stages: Sequence[Mapping[str, Any]] = (),
    title: str = 'Report',
    background: float | None = None,
    limit: int = 60,
    choose: str = 'even',
    thumbnail: int = 220,
) -> Path:
    """Write ``report.html``: self-contained, to be opened in any browser or sent by mail.

    Images are ranked by the IoU of the last part given (predictions, else masks, else seeds);
    where there is no ground truth they stand in the order of the list.

    Args:
        path: The file to write.
        dataset: A tagged data set; its ``seg_map_path`` is the ground truth.
        scores: Score store.
        masks: Mask store of the pseudo masks.
        predictions: Mask store of the segmentor's predictions.
        stages: Rows of :func:`mmwsss.recipes.summary.summarise`.
        title: Heading.
        background: Background score at which seeds become a mask. Defaults to 0.3.
        limit: Number of images shown.
        choose: Which ones: 'even' over the ranking, the 'worst', or 'random'.
        thumbnail: Long side of an image in pixels.

    Returns:
        ``path``.

    Raises:
        StoreError: A store does not fit the data set, or none is given.
        ValueError: An option is wrong.
    """
    if choose not in CHOICES:
        raise ValueError(f'choose must be one of {", ".join(CHOICES)}, found {choose!r}')
    if limit < 1:
        raise ValueError(f'limit must be at least 1, found {limit}')
    given = {'scores': scores, 'masks': masks, 'predictions': predictions}
    stores = {
        part: open_store(folder, 'scores' if part == 'scores' else 'masks')
        for part, folder in given.items()
        if folder is not None
    }
    if not stores:
        raise StoreError('a report needs a store: scores, masks or predictions')
    for store in stores.values():
        store.require(classes=dataset.metainfo['classes'][1:])
    background = 0.3 if background is None else background
    images = _Images(dataset, stores, background)
    ranked_by = list(stores)[-1]
    ranking = _rank(images, ranked_by)
    chosen = _choose(ranking, limit, choose)
    palette = full_palette(dataset.metainfo.get('palette'))
    shown = [_show(images, id, iou, palette, thumbnail) for id, iou in chosen]
    note = '' if len(chosen) == len(ranking) else f', {_NOTES[choose]}'
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template('report_template.html')
    text = template.render(
        title=title,
        version=__version__,
        stages=[_stage_row(row) for row in stages],
        images=shown,
        choice=f'{len(chosen)} of {len(ranking)} images{note}',
        ranked_by=_PARTS[ranked_by] if any(iou is not None for _, iou in ranking) else None,
        background=background if 'scores' in stores else None,
        legend=[
            {'name': name, 'colour': _hex(palette[index])}
            for index, name in enumerate(images.classes)
        ],
        colours={name: _hex(palette[index]) for index, name in enumerate(images.classes)},
    )
    path = Path(path)
    atomic_write_bytes(path, text.encode())
    return path


def _rank(images: _Images, part: str) -> list[tuple[str, float | None]]:
    """Images of the store with their IoU, the worst first and those without one last."""
    ids = [id for id in images.dataset.ids if id in images.stores[part]]
    if not ids:
        folder = images.stores[part].folder
        raise StoreError(
            f'{folder}: holds none of the {len(images.infos)} images of the data set. Give the '
            'data set (list) that the store was made for'
        )
    rated = [(id, images.iou(part, id, images.truth(id))) for id in ids]
    return sorted(rated, key=lambda item: math.inf if item[1] is None else item[1])


def _choose(ranking: list, limit: int, choose: str) -> list:
    if len(ranking) <= limit or choose == 'worst':
        return ranking[:limit]
    if choose == 'random':
        positions = sorted(random.Random(0).sample(range(len(ranking)), limit))
    else:
        positions = np.linspace(0, len(ranking) - 1, limit).round().astype(int).tolist()
    return [ranking[position] for position in positions]


def _show(
    images: _Images, id: str, iou: float | None, palette: np.ndarray, thumbnail: int
) -> _Shown:
    info = images.infos[id]
    tags = [images.classes[k + 1] for k in np.flatnonzero(info['gt_label'])]
    shown = _Shown(id, tags, iou)
    try:
        photo = Image.fromarray(read_image(info['img_path'], id))
    except DataError as error:
        shown.panels.append({'name': 'photo', 'problem': str(error)})
        return shown
    scale = min(2.0, thumbnail / max(photo.size))  # small photos are shown larger
    size = tuple(max(1, round(side * scale)) for side in photo.size)
    small = np.asarray(photo.resize(size, Image.Resampling.LANCZOS))
    truth = images.truth(id)

    def add(name: str, picture: np.ndarray, part: str | None = None) -> None:
        value = images.iou(part, id, truth) if part else None
        shown.panels.append({'name': name, 'uri': _data_uri(picture), 'iou': value})

    def painted(mask: np.ndarray) -> np.ndarray:
        resized = Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)
        return mask_overlay(small, np.asarray(resized), palette)

    add('photo', small)
    for part, name in _PARTS.items():
        if part not in images.stores:
            continue
        try:
            if part == 'scores':
                add('scores', cam_overlay(small, images.stores[part][id]))
            add(name, painted(images.mask(part, id)), part)
        except StoreError:
            shown.panels.append({'name': name, 'problem': 'not in the store'})
    if truth is not None:
        add('ground truth', painted(truth))
    return shown


def _stage_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        'time': format_seconds(row['seconds']),
        'numbers': [row[key] for key in COLUMNS],
        'protocol': protocol_text(row['protocol']),
    }


def _data_uri(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, 'JPEG', quality=88, subsampling=0)
    return f'data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}'


def _hex(colour: np.ndarray) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*colour.tolist())
