"""The HTML page of ``report.html`` and of ``mmwsss browse``: photos, scores and masks."""

import random
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from mmwsss.datasets.errors import DataError
from mmwsss.stores import Store, StoreError
from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.structures import Seeds
from mmwsss.version import __version__
from mmwsss.visualization.maps import jpeg_uri, png_uri, score_map, small_mask
from mmwsss.visualization.overlay import full_palette, heat
from mmwsss.visualization.stored_images import StoredImages, read_entry
from mmwsss.visualization.text import COLUMNS, format_seconds, protocol_text

CHOICES = ('even', 'worst', 'random')
_NOTES = {  # with ground truth, and without
    'even': ('spread evenly over the ranking from worst to best', 'spread evenly over the list'),
    'worst': ('the worst ones', 'the first ones'),
    'random': ('drawn at random (seed 0)',) * 2,
}


@dataclass
class _Shown:
    """One photo of the page. A panel is a canvas that the script paints, or a problem."""

    id: str
    tags: list[str] | None  # unknown
    iou: float | None = None
    photo: str | None = None
    panels: list[dict[str, Any]] = field(default_factory=list)
    maps: list[dict[str, Any]] = field(default_factory=list)


def write_page(
    path: str | Path,
    *,
    dataset: Any,
    stores: Mapping[str, Store],
    title: str,
    background: float = 0.3,
    limit: int = 60,
    choose: str = 'even',
    thumbnail: int = 220,
    stages: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, str] | None = None,
) -> Path:
    """Write one self-contained HTML file that any browser shows, without a network.

    It holds each photo once, and of each store a small 8-bit map: the page itself paints the
    masks, so a slider can move the background score of score stores.

    Args:
        path: The file to write.
        dataset: Lists the photos: ``metainfo['classes']`` (with the background), ``ids``, ``len``
            and ``get_data_info(index)`` as of tagged data sets; ``seg_map_path`` is the ground
            truth, and without ``gt_label``
            the classes that a score store holds of a photo are its tags.
        stores: Score and mask stores by the name that the page gives them. Photos are ranked by
            the IoU of the last; where there is no ground truth they stand in the list's order.
        title: Heading.
        background: Background score at which the sliders start, 0..1, in steps of 0.001.
        limit: Number of photos shown.
        choose: Which ones: 'even' over the ranking, the 'worst', or 'random'.
        thumbnail: Long side of a photo in pixels.
        stages: Rows of :func:`mmwsss.recipes.summary.summarise`.
        facts: What else to say above the photos, by what it is.

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
    if not 0 <= background <= 1:
        raise ValueError(f'background must lie in 0..1, found {background}')
    if not stores:
        raise StoreError('nothing to show: give a score store or a mask store')
    for store in stores.values():
        store.require(classes=dataset.metainfo['classes'][1:])
    background = round(background, 3)
    images = StoredImages(dataset, stores, background)
    *_, last = stores
    ranking = images.rank(last)
    chosen = _choose(ranking, limit, choose)
    shown = [_show(images, id, iou, thumbnail) for id, iou in chosen]
    is_ranked = any(iou is not None for _, iou in ranking)
    note = '' if len(chosen) == len(ranking) else f', {_NOTES[choose][not is_ranked]}'
    palette = full_palette(dataset.metainfo.get('palette'))
    colours = [_hex(palette[index]) for index in range(len(images.classes))]
    layers = [
        {
            'name': name,
            'scores': store.meta.kind == 'scores',
            'own': any(m['own'] for image in shown for m in image.maps if m['layer'] == index),
        }
        for index, (name, store) in enumerate(stores.items())
    ]
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template('page_template.html')
    text = template.render(
        title=title,
        version=__version__,
        stages=_stage_rows(stages),
        facts=facts or {},
        images=shown,
        choice=f'{len(chosen)} of {len(ranking)} images{note}',
        ranked_by=last if is_ranked else None,
        has_truth=any(m['layer'] == 'truth' for image in shown for m in image.maps),
        background=background,
        layers=layers,
        legend=[{'name': n, 'colour': c} for n, c in zip(images.classes, colours, strict=True)],
        colours=dict(zip(images.classes, colours, strict=True)),
        palette=palette.tolist(),
        heat=heat(np.arange(256)[None] / 255)[0].tolist(),
    )
    path = Path(path)
    atomic_write_bytes(path, text.encode())
    return path


def correct_command(masks: str | Path, images: str | Path | None = None) -> str:
    """What takes the photos that were marked on a page to a labelling tool.

    Args:
        masks: Mask store.
        images: Folder of the photos.
    """
    words = [
        'mmwsss',
        'export',
        'label-studio',
        str(masks),
        'to_correct',
        '--ids',
        'to_correct.txt',
    ]
    return shlex.join(words if images is None else [*words, '--images', str(images)])


def _choose(ranking: list, limit: int, choose: str) -> list:
    if len(ranking) <= limit or choose == 'worst':
        return ranking[:limit]
    if choose == 'random':
        positions = sorted(random.Random(0).sample(range(len(ranking)), limit))
    else:
        positions = np.linspace(0, len(ranking) - 1, limit).round().astype(int).tolist()
    return [ranking[position] for position in positions]


def _show(images: StoredImages, id: str, iou: float | None, thumbnail: int) -> _Shown:
    info = images.infos[id]
    tags = np.flatnonzero(info['gt_label']) if 'gt_label' in info else images.tags(id)
    names = None if tags is None else [images.classes[k + 1] for k in tags]
    shown = _Shown(id, names, iou)
    entries = {name: read_entry(store, id) for name, store in images.stores.items()}
    held = next((value for value, _ in entries.values() if value is not None), None)
    size = held.size if isinstance(held, Seeds) else None if held is None else held.shape
    try:
        photo = Image.fromarray(images.photo(id, size))
    except DataError as error:
        shown.panels.append({'name': 'photo', 'problem': str(error)})
        return shown
    scale = min(2.0, thumbnail / max(photo.size))  # small photos are shown larger
    width, height = (max(1, round(side * scale)) for side in photo.size)
    shown.photo = jpeg_uri(np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS)))
    truth, small = images.truth(id), (height, width)

    def add(layer: int | str, name: str, drawing: str, iou: float | None = None) -> None:
        shown.panels.append({'layer': layer, 'name': name, 'drawing': drawing, 'iou': iou})

    for layer, (name, (value, problem)) in enumerate(entries.items()):
        if value is None:
            shown.panels.append({'name': name, 'problem': problem})
            continue
        seeds = value if isinstance(value, Seeds) else None
        if seeds is not None:
            add(layer, 'scores' if name == 'seeds' else f'scores of {name}', 'heat')
        add(layer, name, 'mask', images.iou(id, value, truth))
        shown.maps.append(
            {
                'layer': layer,
                'uri': png_uri(
                    small_mask(value, small) if seeds is None else score_map(seeds, small)
                ),
                'own': seeds is not None and seeds.background is not None,
            }
        )
    if truth is not None:
        add('truth', 'ground truth', 'mask')
        shown.maps.append(
            {'layer': 'truth', 'uri': png_uri(small_mask(truth, small)), 'own': False}
        )
    return shown


def _stage_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table of stages; a kind of mIoU that no stage has gets no column."""
    columns = {key: name for key, name in COLUMNS.items() if any(r[key] is not None for r in rows)}
    return [
        {
            **row,
            'time': format_seconds(row['seconds']),
            'numbers': [(name, row[key]) for key, name in columns.items()],
            'protocol': protocol_text(row['protocol']),
        }
        for row in rows
    ]


def _hex(colour: np.ndarray) -> str:
    return '#{:02x}{:02x}{:02x}'.format(*colour.tolist())
