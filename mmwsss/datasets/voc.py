"""PASCAL VOC 2012 with image-level labels."""

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

LISTS = Path(__file__).parent / 'lists' / 'voc2012'
# fmt: off
_CLASSES = (
    'background', 'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair',
    'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa',
    'train', 'tvmonitor',
)
# fmt: on


@DATASETS.register_module()
class VOCTaggedDataset(TaggedDataset):
    """VOC 2012 in the layout of the devkit.

    Lists and labels of the published methods are part of the package: 1464 train, 10582 train_aug
    (with SBD), 1449 val, 1456 test images; labels of train_aug and val, taken from the XML files
    with difficult and truncated objects.

    Args:
        split: 'train', 'train_aug', 'val' or 'test': a list of the package. Give it or
            ``ann_file``.
        tags: As in :class:`TaggedDataset`; additionally ``dict(source='shipped')``, the labels of
            the package and the default. Labels taken from masks differ from these for 7.7 % of
            train_aug. None are public for test: with ``test_mode`` its photos have no tags.
        data_root: The devkit's ``VOC2012`` folder.
        ann_file: Your own list of image ids, or the name of one of the package.
        data_prefix: As in :class:`TaggedDataset`.
        pipeline: Transforms.
        test_mode: As in :class:`TaggedDataset`.
        metainfo: As in :class:`TaggedDataset`.
        indices: As in :class:`TaggedDataset`.
        seed: As in :class:`TaggedDataset`.
    """

    METAINFO = {'classes': _CLASSES, 'palette': voc_palette()[: len(_CLASSES)].tolist()}
    SPLITS = ('train', 'train_aug', 'val', 'test')

    def __init__(
        self,
        *,
        split: str | None = None,
        tags: Mapping[str, Any] = {'source': 'shipped'},
        data_root: str = 'data/VOCdevkit/VOC2012',
        ann_file: str = '',
        data_prefix: Mapping[str, str] = {'img_path': 'JPEGImages'},
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
        if split is not None and split not in self.SPLITS:
            raise DataError(f'split {split!r} is none of {", ".join(self.SPLITS)}')
        self.split = split
        super().__init__(
            tags=tags,
            data_root=data_root,
            ann_file=ann_file,
            data_prefix=data_prefix,
            pipeline=pipeline,
            test_mode=test_mode,
            metainfo=metainfo,
            indices=indices,
            seed=seed,
        )

    def list_ids(self, images: Mapping[str, str]) -> list[str]:
        """Ids of the split, or of the list given."""
        name = self.split or Path(self.ann_file).name
        if name in self.SPLITS and not Path(self.ann_file or '').is_file():
            return read_ids(LISTS / f'{name}.txt')
        return super().list_ids(images)

    def read_tags(self, ids: Sequence[str], *, source: str, **options: Any) -> Mapping[str, Any]:
        """Adds the labels of the package to the sources."""
        if source != 'shipped' or options:
            return super().read_tags(ids, source=source, **options)
        if self.test_mode and set(ids) <= set(read_ids(LISTS / 'test.txt')):
            self.tags = {'source': 'none'}  # which is what stores record
            return super().read_tags(ids, source='none')
        table = self.shipped_tags()
        require_tags(table, ids, 'the VOC labels of the package (none are public for test)')
        return table

    @classmethod
    def shipped_tags(cls, split: str | None = None) -> dict[str, list[int]]:
        """Class ids 0..19 of train_aug and val, or of one split, from the package."""
        table = read_tag_list([LISTS / 'image_labels.txt'], len(_CLASSES) - 1, offset=1)
        return table if split is None else {i: table[i] for i in read_ids(LISTS / f'{split}.txt')}
