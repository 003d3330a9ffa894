"""Load photos that share no class with the current one."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.seeding import seeded
from mmwsss.registry import DATASETS, TRANSFORMS, build


@TRANSFORMS.register_module()
class LoadDisjoint(BaseTransform):
    """Load batches of augmented photos that share no class with the current photo (RIB).

    Adds ``disjoint`` uint8 (batches, size, 3, h, w), ``disjoint_tags`` float32 (batches, size, C)
    and ``disjoint_boxes`` int64 (batches, size, 4), where in it the photo is (top, left, bottom,
    right), torch tensors; pass them on with
    ``PackTagged(meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes'))``.
    What is drawn depends on the image id and the seed alone, so a stage that is resumed makes what
    it would have made.

    Args:
        dataset: Config of a tagged data set whose pipeline gives ``img`` of one size (no packing).
        batches: Number of batches.
        batch_size: Photos a batch.
        seed: Of the draws.
    """

    def __init__(
        self, dataset: dict, *, batches: int = 10, batch_size: int = 20, seed: int = 0
    ) -> None:
        self.dataset = build(DATASETS, dataset)
        if batches < 1 or batch_size < 1:
            raise ValueError(
                f'batches and batch_size are at least 1, found {batches} and {batch_size}'
            )
        self.batches, self.batch_size, self.seed = batches, batch_size, seed
        infos = [self.dataset.get_data_info(i) for i in range(len(self.dataset))]
        self.tags = np.stack([info['gt_label'] for info in infos])

    def transform(self, results: dict) -> dict:
        """Draw for the classes of ``gt_label``."""
        mine = results['gt_label']
        if mine.shape != self.tags.shape[1:]:
            raise DataError(
                f'LoadDisjoint: its data set has {self.tags.shape[1]} classes, that of '
                f'{results["img_id"]!r} has {len(mine)}'
            )
        others = np.flatnonzero(self.tags @ mine == 0)
        if not len(others):
            raise DataError(
                f'LoadDisjoint: every photo of its data set shares a class with '
                f'{results["img_id"]!r}: give it a larger one'
            )
        number = self.batches * self.batch_size
        with seeded(self.seed, 0, crc32(results['img_id'].encode())):
            # A photo repeats only after all others were used.
            rounds = -(-number // len(others))
            order = np.concatenate([np.random.permutation(others) for _ in range(rounds)])[:number]
            images, boxes = zip(*map(self._image, order.tolist()), strict=True)
        shape = (self.batches, self.batch_size)
        pixels = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy())
        results['disjoint'] = pixels.unflatten(0, shape)
        results['disjoint_tags'] = torch.from_numpy(self.tags[order]).unflatten(0, shape)
        results['disjoint_boxes'] = torch.tensor(boxes).unflatten(0, shape)
        return results

    def _image(self, index: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
        """A photo, and where in it is no padding."""
        results = self.dataset.pipeline(self.dataset.get_data_info(index))
        image = results['img']
        return image, results.get('valid_box', (0, 0, *image.shape[:2]))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(batches={self.batches}, batch_size={self.batch_size})'
