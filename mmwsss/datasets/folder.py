"""Data set of your own photos: a folder and a CSV file of tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.holding_out import PARTS, hold_out
from mmwsss.datasets.listing import composed, foreground, read_lines, shown, why_missing
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.datasets.tags import TagTable
from mmwsss.registry import DATASETS


@DATASETS.register_module()
class TaggedFolder(TaggedDataset):
    """Any folder of images, with folders in it, and ``tags.csv`` of ``image,tag;tag``.

    A photo that the CSV does not name is untagged. A photo that it names must be there.

    Args:
        classes: The class names without background, or a file with one a line. Defaults to the
            tags that occur in the CSV, sorted.
        tags: As in :class:`TaggedDataset`.
        data_root: Root of all relative paths.
        ann_file: List of image ids, one a line (blanks in names are allowed). Defaults to every
            image of the folder.
        data_prefix: As in :class:`TaggedDataset`.
        seg_map_suffix: End of the masks' names, e.g. '_mask.png'.
        part: 'all' photos, 'held_out', a tenth (:func:`hold_out`), or 'train', all but these. Where
            there are too few photos to hold any out, each part has all of them.
        upright: Show photos as their EXIF orientation says, as viewers and labelling tools do;
            masks have the upright size. False: pixels as stored.
        max_pixels: Larger photos are read shrunk to so many pixels; what is made of them has the
            size of the photo nevertheless. Defaults to None: no photo is shrunk.
        pipeline: Transforms.
        test_mode: As in :class:`TaggedDataset`.
        indices: As in :class:`TaggedDataset`.
        seed: As in :class:`TaggedDataset`.
    """

    WHOLE_LINES = True

    def __init__(
        self,
        *,
        classes: Sequence[str] | str | None = None,
        tags: Mapping[str, Any] = {'source': 'csv'},
        data_root: str,
        ann_file: str = '',
        data_prefix: Mapping[str, str] = {'img_path': 'images'},
        seg_map_suffix: str = '.png',
        part: str = 'all',
        upright: bool = True,
        max_pixels: int | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        indices: int | Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
        if part not in PARTS:
            raise DataError(f'part {part!r} is none of {", ".join(PARTS)}')
        if max_pixels is not None and max_pixels < 1:
            raise DataError(f'max_pixels is at least 1 or None, found {max_pixels}')
        self.part, self.upright, self.max_pixels = part, upright, max_pixels
        self.classes = classes
        self._table: TagTable | None = None
        super().__init__(
            tags=tags,
            data_root=data_root,
            ann_file=ann_file,
            data_prefix=data_prefix,
            img_suffix=None,
            seg_map_suffix=seg_map_suffix,
            pipeline=pipeline,
            test_mode=test_mode,
            indices=indices,
            seed=seed,
        )

    def load_data_list(self) -> list[dict]:
        """Read lists and tags; of the records, those of the part."""
        records = super().load_data_list()
        reading: dict[str, Any] = {'upright': self.upright}
        if self.max_pixels is not None:
            reading['max_pixels'] = self.max_pixels
        self.tag_protocol |= reading  # stores record it
        records = [record | reading for record in records]
        if self.part == 'all':
            return records
        labels = np.stack([record['gt_label'] for record in records])
        held = hold_out([record['img_id'] for record in records], labels)
        if not held.any():
            print_log(f'{self.data_root}: too few photos to hold some out', 'current')
            return records
        wanted = held if self.part == 'held_out' else ~held
        chosen = [record for record, is_wanted in zip(records, wanted, strict=True) if is_wanted]
        self.tag_protocol['untagged'] = sum(not record['gt_label'].any() for record in chosen)
        return chosen

    def find_classes(self, images: Mapping[str, str]) -> None:
        """Classes as given, or as found in the CSV; the CSV names no photo that is not there."""
        if isinstance(self.classes, str):
            classes = read_lines(self._path(self.classes))
        elif self.classes is not None:
            classes = [composed(name) for name in self.classes]
        else:
            classes = None
        if classes is not None:
            self._metainfo['classes'] = ('background', *foreground(classes))
        if self.tags.get('source') == 'csv':
            path = self.tags.get('path', 'tags.csv')
            self._table = super()._csv(path, self.tags.get('separator'))
            absent = [i for i in self._table.tags if i not in images]
            if absent:
                missing = [f'{i} (line {self._table.lines[i]})' for i in absent]
                raise DataError(
                    f'{self._path(path)}: {len(missing)} images are not in '
                    f'{self.data_prefix["img_path"]}: {shown(missing)}'
                    + why_missing(self.data_prefix['img_path'], absent)
                )
        if classes is None:
            if self._table is None:
                raise DataError('without a CSV of tags, name the classes: classes=[...]')
            classes = sorted({name for names in self._table.tags.values() for name in names})
        if not classes:
            raise DataError(f'{self.data_root}: no class is given, and no image has a tag')
        self._metainfo['classes'] = ('background', *foreground(classes))

    def _csv(self, path: str, separator: str | None = None) -> TagTable:
        return self._table or super()._csv(path, separator)
