"""Base class of data sets of photos with image-level labels."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import (
    IMAGE_SUFFIXES,
    checked_classes,
    list_folder,
    read_ids,
    shown,
    why_missing,
)
from mmwsss.datasets.mask_files import compare_masks, find_masks, why_no_masks
from mmwsss.datasets.seeding import EpochCounter, seeded
from mmwsss.datasets.tags import (
    TagTable,
    multi_hot,
    names_to_ids,
    read_tag_csv,
    read_tag_list,
    read_tag_masks,
    read_tag_xml,
    require_tags,
)
from mmwsss.registry import DATASETS, TRANSFORMS, build
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.mask_store import voc_palette


@DATASETS.register_module()
class TaggedDataset(BaseDataset):
    """Photos, their tags and, for evaluation, their masks.

    The list is checked once, from directory listings: every photo is there, no id occurs twice
    (``a.jpg`` beside ``a.png`` does), every tag is a class. Images without tags are allowed and
    counted. In training, augmentation is seeded by (seed, epoch, index) where an
    ``EpochSeedHook`` sets the epoch.

    Args:
        tags: Where the tags come from; recorded in every store that is made from this data set.
            One of ``dict(source='list', path=..., offset=1)`` (an id and class numbers a line,
            ``offset`` is the first class's number), ``dict(source='csv', path='tags.csv')``
            (``image,tag;tag`` and the tables and JSON of labelling tools, see
            :func:`mmwsss.datasets.tags.read_tag_csv`; ``separator`` overrules what separates tags),
            ``dict(source='xml', path='Annotations', difficult=True)``,
            ``dict(source='masks', path=...)`` (reads every mask) and ``dict(source='none')``.
            Paths are relative to ``data_root``.
        data_root: Root of all relative paths.
        ann_file: List of image ids; '' takes every image of the folder.
        data_prefix: ``img_path``, and ``seg_map_path`` where there are masks to evaluate with.
        img_suffix: Suffix of the photos; None takes any image file.
        seg_map_suffix: End of the masks' names: their suffix, or more, e.g. '_mask.png'.
        pipeline: Transforms.
        test_mode: Whether it serves evaluation: nothing is seeded, and no sample may be dropped.
        metainfo: Overrides METAINFO; ``classes`` begin with 'background'.
        indices: Takes the first n (negative: last n) images, or those at the positions given.
        seed: Seed of the augmentation. Defaults to the seed of the run.

    Attributes:
        ids: All image ids in order.
        list_hash: Hash of ``ids``.
        tag_protocol: Source of the tags and number of untagged images.
        tag_remarks: What to check in the file of tags.
        num_tags: C.
        epoch_counter: See :class:`EpochCounter`.

    Raises:
        DataError: The data are not what they should be; the message names the first cases.
    """

    WHOLE_LINES = False  # lists may hold names with blanks
    MADE_ON_FIRST_USE = False  # whether a missing folder is made instead of refused

    def __init__(
        self,
        *,
        tags: Mapping[str, Any],
        data_root: str = '',
        ann_file: str = '',
        data_prefix: Mapping[str, str] = {'img_path': 'JPEGImages'},
        img_suffix: str | None = '.jpg',
        seg_map_suffix: str = '.png',
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
        unknown = set(data_prefix) - {'img_path', 'seg_map_path'}
        if unknown or 'img_path' not in data_prefix:
            raise DataError(
                f'data_prefix has img_path and perhaps seg_map_path, found {sorted(data_prefix)}'
            )
        self.tags = dict(tags)
        self.img_suffix, self.seg_map_suffix = img_suffix, seg_map_suffix
        self.seed = seed
        self.epoch_counter = EpochCounter()
        self.tag_protocol: dict[str, Any] = {}
        self.tag_remarks: list[str] = []
        self._photos: Mapping[str, str] = {}
        self._ids: tuple[Any, list[str]] = (None, [])
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(data_prefix),
            indices=indices,
            # Built by our registry, so that it does not hang on the current scope.
            pipeline=[build(TRANSFORMS, t) for t in pipeline],
            test_mode=test_mode,
        )

    # What a subclass may replace ------------------------------------------------------

    def stem_to_id(self, stem: str) -> str:
        """Image id of a file, from its path below the folder without suffix."""
        return stem

    def list_ids(self, images: Mapping[str, str]) -> list[str]:
        """Ids of the data set, in order; ``images`` are the photos in the folder."""
        if self.ann_file:
            return read_ids(self.ann_file, whole_lines=self.WHOLE_LINES)
        return list(images)

    def listed_ids(self, path: str | Path) -> set[str]:
        """Those ids of the data set that a list names, which is read as its own lists are.

        Raises:
            DataError: The list names none of them.
        """
        ids = set(read_ids(path, whole_lines=self.WHOLE_LINES))
        found = ids & set(self.ids)
        if not found:
            example = next(iter(sorted(ids)), 'nothing')
            raise DataError(
                f'{path}: none of its {len(ids)} ids ({example}, ...) is one of the {len(self)} '
                f'images of the data set ({next(iter(self.ids), "none")}, ...)'
            )
        return found

    def find_classes(self, images: Mapping[str, str]) -> None:
        """Make sure that ``metainfo['classes']`` is there before tags are read."""

    def read_tags(self, ids: Sequence[str], *, source: str, **options: Any) -> Mapping[str, Any]:
        """Class ids 0..C-1 of each image, by the source that the config names."""
        readers: dict[str, Callable[..., Mapping[str, Any]]] = {
            'list': self._tags_from_list,
            'csv': self._tags_from_csv,
            'xml': self._tags_from_xml,
            'masks': lambda ids, path: read_tag_masks(
                self._path(path), ids, self.num_tags, self.stem_to_id
            ),
            'none': lambda ids: dict.fromkeys(ids, ()),
        }
        if source not in readers:
            raise DataError(f'tags: source {source!r} is none of {", ".join(readers)}')
        return readers[source](ids, **options)

    # Loading --------------------------------------------------------------------------

    @property
    def num_tags(self) -> int:
        """Number C of foreground classes."""
        return len(self._metainfo['classes']) - 1

    @property
    def ids(self) -> list[str]:
        """All image ids in order."""
        if self._ids[0] is not self.data_address:  # new, or a subset of something
            ids = [self.get_data_info(i)['img_id'] for i in range(len(self))]
            self._ids = (self.data_address, ids)
        return self._ids[1]

    @property
    def list_hash(self) -> str:
        """Hash of the ids in order."""
        return hash_list(self.ids)

    def load_data_list(self) -> list[dict]:
        """Read lists and tags, and check them against the folders."""
        folder = self.data_prefix['img_path']
        suffixes = IMAGE_SUFFIXES if self.img_suffix is None else (self.img_suffix,)
        images = list_folder(folder, suffixes, self.stem_to_id)
        origin = self.ann_file or folder
        ids = self.list_ids(images)
        if not ids:
            raise DataError(f'{origin}: the data set is empty (no {"/".join(suffixes)} image)')
        twice = [i for i, count in Counter(ids).items() if count > 1]
        if twice:
            raise DataError(f'{origin}: {len(twice)} ids occur twice: {shown(twice)}')
        missing = [i for i in ids if i not in images]
        if missing:
            raise DataError(
                f'{origin}: {len(missing)} of {len(ids)} images are not in {folder}: '
                f'{shown(missing)} (looked for {"/".join(suffixes)})' + why_missing(folder, missing)
            )
        self._photos = images
        self.find_classes(images)
        classes = self._metainfo['classes'] = checked_classes(self._metainfo.get('classes', ()))
        self._metainfo.setdefault('palette', voc_palette()[: len(classes)].tolist())
        labels = multi_hot(self.read_tags(ids, **self.tags), ids, self.num_tags)
        self._photos = {}  # for the tags only
        self._record(origin, labels)
        mask_folder = self.data_prefix.get('seg_map_path')
        suffix = self.seg_map_suffix
        masks = find_masks(mask_folder, suffix, self.stem_to_id) if mask_folder else {}
        if self.tags.get('source') not in ('none', 'masks'):
            tagged = dict(zip(ids, labels, strict=True))
            if error := compare_masks(masks, tagged, classes):
                raise DataError(f'{mask_folder}: {error}')
        return [
            {
                'img_id': i,
                'img_path': os.path.join(folder, images[i]),
                'gt_label': label,
                'reduce_zero_label': False,
                'seg_fields': [],
                **({'seg_map_path': masks[i]} if i in masks else {}),
            }
            for i, label in zip(ids, labels, strict=True)
        ]

    def _record(self, origin: str, labels: np.ndarray) -> None:
        untagged = int((labels.sum(axis=1) == 0).sum())
        self.tag_protocol = {
            'tags': {k: v if isinstance(v, int) else str(v) for k, v in self.tags.items()},
            'untagged': untagged,
        }
        note = f', {untagged} of them without tags' if untagged else ''
        print_log(f'{origin}: {len(labels)} images, {self.num_tags} classes{note}', 'current')

    def why_no_masks(self) -> str:
        """Say what to do if no image has a mask."""
        folder = self.data_prefix.get('seg_map_path')
        if not folder:
            return 'give data_prefix a seg_map_path'
        return why_no_masks(folder, self.seg_map_suffix, self.ids)

    def _path(self, path: str) -> str:
        return os.path.join(self.data_root or '', path)

    # Sources of tags ------------------------------------------------------------------

    def _tags_from_list(
        self, ids: Sequence[str], path: str = 'image_labels.txt', offset: int = 1
    ) -> Mapping[str, Any]:
        table = read_tag_list([self._path(path)], self.num_tags, offset)
        require_tags(table, ids, path)
        return table

    def _tags_from_csv(
        self, ids: Sequence[str], path: str = 'tags.csv', separator: str | None = None
    ) -> Mapping[str, Any]:
        table = self._csv(path, separator)
        named = names_to_ids(table, self._metainfo['classes'][1:], self._path(path))
        return {i: named.get(i, ()) for i in ids}

    def _csv(self, path: str, separator: str | None = None) -> TagTable:
        classes = self._metainfo.get('classes')
        table = read_tag_csv(
            self._path(path),
            self._photos,
            classes=None if classes is None else classes[1:],
            separator=separator,
        )
        self.tag_remarks = [f'{self._path(path)}: {remark}' for remark in table.remarks]
        for remark in self.tag_remarks:
            print_log(remark, 'current', logging.WARNING)
        return table

    def _tags_from_xml(
        self, ids: Sequence[str], path: str = 'Annotations', difficult: bool = True
    ) -> Mapping[str, Any]:
        table = read_tag_xml(self._path(path), ids, difficult)
        return names_to_ids(table, self._metainfo['classes'][1:], self._path(path))

    # Samples --------------------------------------------------------------------------

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class ids of an image, for ``ClassBalancedDataset``."""
        return np.flatnonzero(self.get_data_info(idx)['gt_label']).tolist()

    def __getitem__(self, idx: int) -> dict:
        epoch = self.epoch_counter.value
        if self.test_mode or epoch == EpochCounter.UNSEEDED:
            return super().__getitem__(idx)
        with seeded(self.seed or 0, epoch, idx):
            return super().__getitem__(idx)
