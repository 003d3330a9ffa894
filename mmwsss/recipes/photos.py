"""Tables about your own photos: their tags before training, statistics of masks after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.tag_counts import count_remarks
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.evaluation.mask_signs import MaskSigns, mask_signs
from mmwsss.recipes.errors import PipelineError
from mmwsss.recipes.planning import Planner
from mmwsss.recipes.recipe import Reference
from mmwsss.stores import open_store
from mmwsss.stores.atomic import atomic_write_bytes


def show_tags(planner: Planner, console: Console) -> None:
    """Print the tags of a recipe's photos, before they are trained on.

    Raises:
        PipelineError: The photos or their tags are not what they should be.
    """
    stage = _photos(planner)['tags']
    config = planner.configs[stage].train_dataloader.dataset
    try:
        print_tags(all_photos(config), console, len(build_bare_dataset(config)))
    except DataError as error:
        raise PipelineError(f'stage {stage}: {error}') from error


def show_signs(planner: Planner, console: Console, record: Path) -> None:
    """Print what can be said of a recipe's masks without ground truth, if they are all there."""
    photos = _photos(planner)
    seeds, masks = (_store(planner, photos[key]) for key in ('seeds', 'masks'))
    if seeds is not None and masks is not None:
        config = planner.configs[photos['tags']].train_dataloader.dataset
        print_signs(seeds, masks, all_photos(config), console, record)


def _photos(planner: Planner) -> Mapping[str, Any]:
    photos = planner.recipe.photos
    assert photos is not None, 'only for recipes with photos=dict(...)'
    return photos


def _store(planner: Planner, reference: Reference) -> Path | None:
    """The folder of a finished stage's store; ``None`` if it is not there."""
    folder = planner.folders[reference.stage]
    return folder.output(reference.output) if folder.done else None


def all_photos(config: Mapping[str, Any]) -> TaggedDataset:
    """The photos of a data set's config, those that it holds out too."""
    return build_bare_dataset({**config, 'part': 'all'} if 'part' in config else config)


def print_tags(dataset: TaggedDataset, console: Console, trained: int | None = None) -> None:
    """Print how many photos have each tag, and warn of what nothing can be learned from.

    Args:
        dataset: The photos.
        console: Where to print.
        trained: Number of photos that are trained on.
    """
    labels = np.stack([dataset.get_data_info(i)['gt_label'] for i in range(len(dataset))]) > 0
    counts, names = labels.sum(0), dataset.metainfo['classes'][1:]
    untagged = int((~labels.any(1)).sum())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column('tag', no_wrap=True)
    table.add_column('photos', justify='right')
    for name, count in zip(names, counts, strict=True):
        table.add_row(name, str(count))
    table.add_section()
    table.add_row('without tags', str(untagged))
    table.add_row('all', str(len(labels)))
    console.print(table)
    if trained is not None and trained < len(labels):
        _say(
            console,
            f'{len(labels) - trained} photos are held out: the tags that are predicted for them '
            'are scored (tag mAP); all photos get masks.',
        )
    for remark in count_remarks(counts, names, len(labels)):
        _warn(console, remark)


def print_signs(
    seeds: Path, masks: Path, dataset: TaggedDataset, console: Console, record: Path
) -> dict[str, MaskSigns]:
    """Print signs of the masks of each tag that need no ground truth, and record them.

    Args:
        seeds: Store of the raw seeds.
        masks: Store of the final masks.
        dataset: The photos.
        console: Where to print.
        record: JSON file to write.
    """
    score_store, mask_store = open_store(seeds, 'scores'), open_store(masks, 'masks')
    infos = map(dataset.get_data_info, range(len(dataset)))
    tags = {info['img_id']: np.flatnonzero(info['gt_label']) for info in infos}
    there = set(mask_store) & set(score_store)
    signs = mask_signs(
        score_store, mask_store, {img_id: ids for img_id, ids in tags.items() if img_id in there}
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title='signs of the masks, in percent')
    table.add_column('tag', no_wrap=True)
    for name in ('photos', 'painted', 'of the border', 'as the seed', 'as an ellipse'):
        table.add_column(name, justify='right')
    table.add_column('')
    for name, sign in signs.items():
        numbers = (f'{value:.0f}' for value in (sign.painted, sign.border, sign.seed, sign.ellipse))
        table.add_row(name, str(sign.photos), *numbers, '; '.join(sign.remarks()))
    console.print(table)
    content = {name: asdict(sign) for name, sign in signs.items()}
    atomic_write_bytes(record, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return signs


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _warn(console: Console, text: str) -> None:
    console.print(f'warning: {text}', markup=False, highlight=False, soft_wrap=True, style='yellow')
