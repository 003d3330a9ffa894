"""Training data of a segmentor: photos and the pseudo masks of a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmseg.datasets import BaseSegDataset

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.seeding import EpochCounter, seeded
from mmwsss.datasets.tagged import TaggedDataset
from mmwsss.registry import DATASETS, TRANSFORMS, build
from mmwsss.stores import Store, StoreReader, open_store


@DATASETS.register_module()
class PseudoMaskDataset(BaseSegDataset, StoreReader):
    """Photos of a tagged data set with the masks of a store, for mmseg's segmentors.

    The list, the photos and the classes are those of ``images``; its own masks, if it has any, are
    never looked at. The store is checked before training starts: it must be made for the same
    classes and hold every image of the list. ``LoadMask`` then checks values and size of each mask
    it reads. In epoch-based training, augmentation is seeded by (seed, epoch, index).

    Args:
        store: Folder of a mask store.
        images: Config of a tagged data set, or the data set. It needs no pipeline.
        pipeline: Transforms, e.g. ``LoadImage, LoadMask, mmseg.RandomCrop, ..., PackTagged``.
        indices: Takes the first n (negative: last n) images, or those at the positions given.
        corrected_repeat: How many times an epoch shows the photos whose masks were corrected by
            hand (``mmwsss import-masks``), each time augmented anew. Repetitions come last.
            Defaults to 1.
        seed: Seed of the augmentation. Defaults to the seed of the run.

    Attributes:
        ids: All image ids in order, with repetitions.
        epoch_counter: See :class:`EpochCounter`.

    Raises:
        DataError: ``corrected_repeat`` is no positive number.
        StoreError: The folder is no mask store.
        StoreMismatch: The store is made for other classes, or lacks images; both are named.
    """

    @classmethod
    def reads(cls) -> Mapping[str, str]:
        """A store of masks."""
        return {'store': 'masks'}

    def __init__(
        self,
        *,
        store: str,
        images: Mapping[str, Any] | TaggedDataset,
        pipeline: Sequence[dict | Callable] = (),
        indices: int | Sequence[int] | None = None,
        corrected_repeat: int = 1,
        seed: int | None = None,
    ) -> None:
        if not isinstance(corrected_repeat, int) or corrected_repeat < 1:
            raise DataError(
                f'corrected_repeat says how many times an epoch shows photos whose masks were '
                f'corrected by hand: 1, 2, ...; found {corrected_repeat!r}'
            )
        dataset: TaggedDataset = build(DATASETS, images)
        classes, palette = dataset.metainfo['classes'], dataset.metainfo['palette']
        self.store = open_store(store, 'masks')
        self.store.require(classes=classes[1:], ids=dataset.ids)
        self.seed = seed
        self._taken, self._corrected_repeat = indices, corrected_repeat
        self.epoch_counter = EpochCounter()
        self._images: TaggedDataset | None = dataset
        super().__init__(
            metainfo={'classes': classes, 'palette': palette},
            data_prefix={'img_path': dataset.data_prefix['img_path']},
            pipeline=[build(TRANSFORMS, t) for t in pipeline],
        )
        self._images = None  # its list lives on in this one's

    def stores(self) -> Sequence[Store]:
        """The masks' store."""
        return (self.store,)

    @property
    def ids(self) -> list[str]:
        """All image ids in order."""
        return [self.get_data_info(index)['img_id'] for index in range(len(self))]

    def load_data_list(self) -> list[dict]:
        """The photos' records, with the store's masks."""
        assert self._images is not None, 'the list is read once, while the data set is made'
        infos = map(self._images.get_data_info, range(len(self._images)))
        records = [
            {
                'img_id': info['img_id'],
                'img_path': info['img_path'],
                'seg_map_path': str(self.store.path(info['img_id'])),
                'gt_label': info['gt_label'],
                'upright': info.get('upright', False),
                'max_pixels': info.get('max_pixels'),
                'label_map': None,
                'reduce_zero_label': False,
                'seg_fields': [],
            }
            for info in infos
        ]
        taken = self._taken
        if isinstance(taken, int):
            records = records[:taken] if taken >= 0 else records[taken:]
        elif taken is not None:
            records = [records[position] for position in taken]
        corrected = self.store.corrections.read()
        again = [record for record in records if record['img_id'] in corrected]
        return records + again * (self._corrected_repeat - 1)

    def __getitem__(self, idx: int) -> dict:
        epoch = self.epoch_counter.value
        if epoch == EpochCounter.UNSEEDED:
            return super().__getitem__(idx)
        with seeded(self.seed or 0, epoch, idx):
            return super().__getitem__(idx)
