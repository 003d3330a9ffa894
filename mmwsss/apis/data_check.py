"""Check data sets before training: known layouts, and those that a config names."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from rich.markup import escape

from mmwsss.apis.data_layouts import LAYOUTS, Part, parts_of
from mmwsss.apis.data_report import DataReport
from mmwsss.config import read_config
from mmwsss.datasets import TaggedFolder
from mmwsss.datasets.bare import build_bare_dataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import list_folder
from mmwsss.datasets.tag_csv import other_tables
from mmwsss.installed import find_part


def check_layout(
    kind: str,
    root: Path,
    *,
    pixels: bool = False,
    classes: Sequence[str] = (),
    lists: Sequence[str] = (),
) -> bool:
    """Print the report of a known layout. Returns whether nothing is missing.

    Args:
        kind: One of :data:`~mmwsss.apis.data_layouts.LAYOUTS`.
        root: Its folder.
        pixels: Decode every photo, not only its header.
        classes: Foreground names of an own data set in VOC's layout.
        lists: Its lists, below the root.
    """
    report = DataReport(pixels=pixels)
    report.say(f'{escape(str(root))}/')
    usable = True
    for entry in LAYOUTS[kind]:
        if lists and entry.files:  # of a part any number will do
            entry = entry._replace(files=0)
        there, complete, text = entry.look(root)
        report.good &= complete or not entry.required
        usable &= there or not entry.required or entry.masks
        mark = '[green]✓' if complete else '[red]✗' if entry.required else '[yellow]-'
        report.say(f'  {mark}[/] {entry.path:<34} {text:<28} {entry.role}')
        if not there and entry.path == 'tags.csv' and (hint := other_tables(root / entry.path)):
            report.wrong(f'{entry.path} is not there{hint}')
    if usable:
        for part in parts_of(kind, root, classes, lists):
            _check_part(report, part, root)
    return report.good


def _check_part(report: DataReport, part: Part, root: Path) -> None:
    """Report one list; where photos of a shipped list are missing, those that are there."""
    with tempfile.TemporaryDirectory() as folder:
        ids = None
        try:
            dataset = part.build(root)
        except DataError as error:
            report.wrong(str(error))
            if 'split' not in part.options:
                return
            wanted = part.kind.shipped_tags(part.options['split'])
            to_id = getattr(part.kind, 'id_of_stem', None)
            files = list_folder(root / part.photos, ('.jpg',), to_id, twice_ok=True)
            there = [i for i in files if i in wanted]
            if not there:
                return
            ids = Path(folder) / 'ids.txt'
            ids.write_text('\n'.join(there))
            report.say(f'  [yellow]![/] {part.name}: the {len(there)} photos that are there:')
            dataset = part.build(root, ids=ids)
        report.photos(dataset, part.name, _network_of(part))
        masks = root / part.masks
        if masks.is_dir() and any(masks.iterdir()):
            try:
                report.masks(part.build(root, ids=ids, masks=True))
            except DataError as error:
                report.wrong(str(error))


def _network_of(part: Part) -> Config | None:
    """Config of the CAM network that a folder's recipe begins with; None for other data sets."""
    if part.kind is not TaggedFolder:
        return None
    return read_config(find_part('configs') / 'cam/cam_lite0_folder.py')


def check_config(path: str, options: dict, *, pixels: bool = False) -> bool:
    """Print the report of every data set of a config. Returns whether nothing is missing.

    Args:
        path: The config.
        options: Values over those of the config.
        pixels: Decode every photo, not only its header.
    """
    cfg = read_config(path)
    cfg.merge_from_dict(options)
    report = DataReport(pixels=pixels)
    seen: list[Any] = []
    for stage in ('train', 'val', 'test'):
        loader = cfg.get(f'{stage}_dataloader')
        if loader is None:
            continue
        plain = {k: v for k, v in loader['dataset'].items() if k not in ('pipeline', 'test_mode')}
        if plain in seen:
            continue
        seen.append(plain)
        report.say(f'{stage}_dataloader')
        try:
            dataset = build_bare_dataset(loader['dataset'])
        except DataError as error:
            report.wrong(str(error))
            continue
        report.photos(dataset, dataset.ann_file or 'all photos', cfg)
        if dataset.data_prefix.get('seg_map_path'):
            report.masks(dataset)
    return report.good
