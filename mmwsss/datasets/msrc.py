"""MSRC v2, object view, in the VOC layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.registry import DATASETS
from mmwsss.stores.mask_store import voc_palette

# fmt: off
_CLASSES = (
    'background', 'aeroplane', 'bicycle', 'bird', 'boat', 'book', 'car', 'cat', 'chair', 'cow',
    'dog', 'flower', 'person', 'sheep', 'sign',
)
# fmt: on


@DATASETS.register_module()
class MSRCDataset(TaggedDataset):
    """The Microsoft Research Cambridge image database v2 with 14 object classes.

    Mostly one object a photo, so a small classifier learns it from scratch. Expects
    ``JPEGImages/``, ``SegmentationClass/``, ``ImageSets/Segmentation/`` and ``image_labels.txt``.

    Args:
        ann_file: List of image ids.
        tags: As in :class:`TaggedDataset`.
        data_root: Root of all relative paths.
        data_prefix: As in :class:`TaggedDataset`.
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
        ann_file: str,
        tags: Mapping[str, Any] = {'source': 'list'},
        data_root: str = 'data/msrcv2',
        data_prefix: Mapping[str, str] = {'img_path': 'JPEGImages'},
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        seed: int | None = None,
    ) -> None:
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
