"""A printed report on data sets: classes, photos, masks, and what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from mmwsss.apis.photo_cost import photo_cost
from mmwsss.datasets.errors import ImageError
from mmwsss.datasets.io import is_deep, read_image, read_mask
from mmwsss.datasets.listing import SHOWN, names_that_differ_in_case, shown, unread_images
from mmwsss.datasets.tag_counts import count_remarks
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.stores.images import EXIF_ORIENTATION, image_size, open_image
from mmwsss.stores.mask_audit import MaskAudit

_THREADS = min(8, os.cpu_count() or 1)


class DataReport:
    """Look at data sets, print what is there, and remember whether all of it can be used.

    Args:
        pixels: Decode every photo, not only its header.

    Attributes:
        good: Whether nothing was wrong so far.
    """

    def __init__(self, *, pixels: bool = False) -> None:
        self.pixels = pixels
        self.good = True
        self._console = Console(highlight=False, soft_wrap=True)
        self._seen: set[str] = set()  # photos of several lists are looked at once

    def say(self, text: str) -> None:
        """Print a line in rich's markup."""
        self._console.print(text)

    def remark(self, text: str) -> None:
        """Print what looks odd but can be used."""
        self.say(f'  [yellow]![/] {escape(text)}')

    def wrong(self, text: str, examples: Sequence[str] = ()) -> None:
        """Print what cannot be used, with a line for each of the examples."""
        self.say(f'  [red]✗[/] {escape(text)}' + ''.join(f'\n    {escape(e)}' for e in examples))
        self.good = False

    def photos(self, dataset: TaggedDataset, name: str, config: Config | None = None) -> None:
        """Report a data set's classes and the state of its photos.

        Args:
            dataset: The data set.
            name: Name of the list.
            config: What the cost of the largest photo is estimated for.
        """
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        self._tags(dataset, name, infos)
        paths = sorted({info['img_path'] for info in infos} - self._seen)
        self._seen.update(paths)
        self._open(paths, dataset, config)

    def masks(self, dataset: TaggedDataset) -> None:
        """Read every mask, and compare its values with the classes and the tags."""
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        infos = [info for info in infos if info.get('seg_map_path')]
        if not infos:
            self.wrong(f'no photo of the list has a mask: {dataset.why_no_masks()}')
            return

        def one(info: dict) -> np.ndarray | str:
            try:
                size = image_size(info['img_path'], upright=info.get('upright', False))
            except (OSError, SyntaxError, ValueError):
                size = None
            try:
                return read_mask(info['seg_map_path'], dataset.num_tags + 1, size=size)
            except ImageError as error:
                return str(error)

        audit = MaskAudit(dataset.metainfo['classes'])
        known = dataset.tags.get('source') != 'none'
        bad = []
        with ThreadPoolExecutor(_THREADS) as pool:
            read = self._bar(pool.map(one, infos), 'masks', len(infos))
            for info, mask in zip(infos, read, strict=True):
                if isinstance(mask, str):
                    bad.append(mask)
                    continue
                tags = np.flatnonzero(info['gt_label']).tolist() if known else None
                audit.add(info['img_id'], mask, tags)
        if bad:
            self.wrong(f'{len(bad)} of {len(infos)} masks cannot be used:', _few(bad))
        error = audit.error()
        if error:
            self.wrong(f'{dataset.data_prefix["seg_map_path"]}: {error}')
        elif audit.rows:
            for remark in audit.remarks():
                self.remark(remark)
        if not bad and not error:
            self.say(f'  [green]✓[/] {len(infos)} masks: sizes, values and classes')

    def _tags(self, dataset: TaggedDataset, name: str, infos: Sequence[dict]) -> None:
        """The number of photos of each class, and remarks on tags and file names."""
        counts = np.sum([info['gt_label'] for info in infos], axis=0).astype(int)
        names = dataset.metainfo['classes'][1:]
        listed = ', '.join(f'{name} {count}' for name, count in zip(names, counts, strict=True))
        untagged = sum(not info['gt_label'].any() for info in infos)
        self.say(
            f'  {escape(name)}: {len(infos)} photos, {untagged} of them without tags; photos a '
            f'class: {escape(listed)}'
        )
        for remark in dataset.tag_remarks:
            self.remark(remark)
        without = [name for name, count in zip(names, counts, strict=True) if not count]
        if without and counts.any():
            self.remark(f'no photo has the tag {shown(without)}')
        for remark in count_remarks(counts, names, len(infos)):
            self.remark(remark)
        if unread := unread_images(dataset.data_prefix['img_path']):
            self.remark(
                f'{len(unread)} files cannot be read and are left out: {shown(unread.values())}'
            )
        if twins := names_that_differ_in_case(info['img_id'] for info in infos):
            self.remark(
                f'photos whose names differ in case only: {shown(twins)}. On Windows and macOS '
                'one would overwrite the other'
            )

    def _open(self, paths: Sequence[str], dataset: TaggedDataset, config: Config | None) -> None:
        """Open each photo, and note those with an EXIF orientation and the largest."""
        root, upright = dataset.data_root, getattr(dataset, 'upright', False)
        sizes: dict[str, tuple[int, int]] = {}

        def one(path: str) -> tuple[str, bool]:
            try:
                with open_image(path) as image:
                    sizes[path] = image.size[::-1]
                    deep = is_deep(image)  # before a PNG's EXIF is looked for behind its pixels
                    turned = image.getexif().get(EXIF_ORIENTATION, 1) != 1
                    if deep:
                        return f'{_below(path, root)} (mode {image.mode})', turned
                if self.pixels:
                    read_image(path)
            except ImageError as error:
                return str(error), False
            except (OSError, SyntaxError):
                return f'{_below(path, root)} (unreadable)', False
            except ValueError as error:
                return f'{_below(path, root)} ({error})', False
            return '', turned

        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(self._bar(pool.map(one, paths), 'photos', len(paths)))
        if turned := sum(turned for _, turned in found):
            self.remark(
                f'note: {turned} photos have an EXIF orientation; it is '
                + (
                    'applied: masks must be upright, as labelling tools make them (UPRIGHT=False '
                    'takes pixels as stored)'
                    if upright
                    else 'not applied: masks and seeds must refer to the pixels as they are stored'
                )
            )
        if sizes:
            self._largest(sizes, root, config)
        bad = [text for text, _ in found if text]
        if bad:
            self.wrong(f'{len(bad)} photos cannot be used:', bad if self.pixels else _few(bad))
        else:
            what = 'pixels' if self.pixels else 'headers'
            self.say(f'  [green]✓[/] lists, tags and the {what} of {len(paths)} photos')

    def _largest(
        self, sizes: Mapping[str, tuple[int, int]], root: str, config: Config | None
    ) -> None:
        """Which photo is the largest, and what a CAM network would need for it."""
        path = max(sorted(sizes), key=lambda path: sizes[path][0] * sizes[path][1])
        height, width = sizes[path]
        text = (
            f'largest photo: {_below(path, root)}, {width}x{height} '
            f'({height * width / 1e6:.1f} megapixels)'
        )
        cost = None
        if config is not None:
            with suppress(ValueError):  # it reads a store, and no network sees the photo
                cost = photo_cost(config, (height, width))
        if cost is not None and config is not None:
            text += (
                f'; {Path(config.filename).name} looks at it with up to '
                f'{cost.size[1]}x{cost.size[0]} pixels, which takes about {cost.mib / 1024:.1f} '
                f'GiB and {max(1, cost.seconds):.0f} s on one CPU core with EfficientNet-Lite0 or '
                'ResNet-18 (an estimate; larger networks take several times that)'
            )
        self.say(f'  {escape(text)}')

    def _bar(self, work: Iterable, what: str, count: int) -> Iterable[Any]:
        """Progress, where somebody looks."""
        return track(work, what, count, transient=True, disable=not self._console.is_terminal)


def _few(lines: Sequence[str]) -> list[str]:
    """The first lines of many, and how many more there are."""
    more = [f'and {len(lines) - SHOWN} more'] if len(lines) > SHOWN else []
    return [*lines[:SHOWN], *more]


def _below(path: str, root: str) -> str:
    return os.path.relpath(path, root) if root else path
