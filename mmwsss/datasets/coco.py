"""COCO 2014 (and 2017) with image-level labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import read_ids
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.datasets.tags import read_tag_list, require_tags
from mmwsss.registry import DATASETS
from mmwsss.stores.mask_store import voc_palette

LISTS = Path(__file__).parent / 'lists' / 'coco2014'
_CLASSES = ('background', *(LISTS / 'classes.txt').read_text().splitlines())


@DATASETS.register_module()
class COCOTaggedDataset(TaggedDataset):
    """COCO with 80 classes; masks are PNG files, made by ``coco_to_masks.py``.

    Labels of the published methods are part of the package: 82081 train and 40137 val images with
    a class, 702 and 367 without. An image id is the number with 12 digits, however the files are
    named (``COCO_train2014_000000000009.jpg`` or ``000000000009.jpg``). The 2017 release holds the
    same images in other folders; there the folder determines the list.

    Args:
        split: 'train' or 'val': images of the package's list (2014) or of the folder (2017).
            Give it or ``ann_file``.
        year: 2014 or 2017.
        untagged: Whether images without any class belong to the split; both conventions are
            in use.
        tags: As in :class:`TaggedDataset`; additionally ``dict(source='shipped')``, the labels of
            the package and the default.
        data_root: Root of all relative paths.
        ann_file: Your own list of image ids.
        data_prefix: Defaults to ``<split><year>``, without masks.
        pipeline: Transforms.
        test_mode: As in :class:`TaggedDataset`.
        metainfo: As in :class:`TaggedDataset`.
        indices: As in :class:`TaggedDataset`.
        seed: As in :class:`TaggedDataset`.
    """

    METAINFO = {'classes': _CLASSES, 'palette': voc_palette()[: len(_CLASSES)].tolist()}

    def __init__(
        self,
        *,
        split: str | None = None,
        year: int = 2014,
        untagged: bool = False,
        tags: Mapping[str, Any] = {'source': 'shipped'},
        data_root: str = 'data/coco',
        ann_file: str = '',
        data_prefix: Mapping[str, str] | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
        if (split is None) == (not ann_file):
            raise DataError(
                'give either split or ann_file and set the other to None, found '
                f'split={split!r} and ann_file={ann_file!r}'
            )
        if split not in (None, 'train', 'val') or year not in (2014, 2017):
            raise DataError(
                f"split is 'train' or 'val', year 2014 or 2017; found {split!r}, {year!r}"
            )
        if split is None and data_prefix is None:
            raise DataError('with ann_file, data_prefix names the folder of its images')
        self.split, self.year, self.untagged = split, year, untagged
        super().__init__(
            tags=tags,
            data_root=data_root,
            ann_file=ann_file,
            data_prefix=data_prefix or {'img_path': f'{split}{year}'},
            pipeline=pipeline,
            test_mode=test_mode,
            metainfo=metainfo,
            indices=indices,
            seed=seed,
        )

    def stem_to_id(self, stem: str) -> str:
        """The 12 digits of a file name."""
        return self.id_of_stem(stem)

    @staticmethod
    def id_of_stem(stem: str) -> str:
        """The 12 digits of a file name; a name that does not end with a number stays."""
        number = stem.rsplit('/', 1)[-1].rsplit('_', 1)[-1]
        return number.zfill(12) if number.isdecimal() else stem

    def list_ids(self, images: Mapping[str, str]) -> list[str]:
        """Ids of the split, or of the list given."""
        if self.split is None:
            return [self.stem_to_id(i) for i in super().list_ids(images)]
        empty = _untagged() if self.year == 2017 else read_ids(LISTS / f'{self.split}_no_label.txt')
        if self.year == 2017:
            return [i for i in images if self.untagged or i not in empty]
        tagged = _shipped((self.split,), self.num_tags)
        return sorted([*tagged, *empty] if self.untagged else tagged)

    def read_tags(self, ids: Sequence[str], *, source: str, **options: Any) -> Mapping[str, Any]:
        """Adds the labels of the package to the sources."""
        if source != 'shipped' or options:
            return super().read_tags(ids, source=source, **options)
        splits = (self.split,) if self.split and self.year == 2014 else ('train', 'val')
        table = {**_shipped(splits, self.num_tags), **dict.fromkeys(_untagged(), ())}
        require_tags(table, ids, 'the COCO labels of the package')
        return table

    @classmethod
    def shipped_tags(cls, split: str | None = None) -> dict[str, list[int]]:
        """Class ids 0..79 of the images of 2014 with a class, or of one split, from the package."""
        return _shipped(('train', 'val') if split is None else (split,), len(_CLASSES) - 1)


def _shipped(splits: Sequence[str], num_tags: int) -> dict[str, list[int]]:
    paths = [LISTS / f'image_labels_{split}.txt.gz' for split in splits]
    return read_tag_list(paths, num_tags, offset=0)


def _untagged() -> set[str]:
    return {i for split in ('train', 'val') for i in read_ids(LISTS / f'{split}_no_label.txt')}
