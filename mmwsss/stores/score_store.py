"""Store of class scores (seeds), one ``.npz`` per image."""

from pathlib import Path

import numpy as np

from mmwsss.stores.arrays import begins_with, pack, unpack
from mmwsss.stores.base import Store
from mmwsss.structures import Seeds


class ScoreStore(Store):
    """Seeds on disk: present classes only, strided, float16 by default.

    A file holds ``classes`` int16 (K,), ``scores`` (K, h, w) in [0, 1] with
    ``h = ceil(H / stride)``, ``size`` int32 (H, W) and, where the background is no
    constant, ``background`` (h, w). ``raw`` float32 (K, h', w') are the network's signed maps,
    where they were kept, as they are. Reading gives :class:`Seeds` at the stored
    resolution with the image's size; writing resizes bilinearly.
    """

    suffix = '.npz'

    @staticmethod
    def is_entry(head: bytes) -> bool:
        """Whether this is an ``.npz`` that begins with the array ``classes``."""
        return begins_with(head, 'classes')

    def encode(self, value: Seeds) -> bytes:
        """File content of seeds of any resolution."""
        if not isinstance(value, Seeds):
            raise ValueError(f'Seeds expected, found {type(value).__name__}')
        self._check_classes(value)
        seeds, dtype = value.resize(self._grid(value.size)), np.dtype(self.meta.dtype)
        arrays = {
            'classes': seeds.classes,
            'scores': seeds.scores.astype(dtype),
            'size': np.asarray(value.size, np.int32),
        }
        if seeds.background is not None:
            arrays['background'] = seeds.background.astype(dtype)
        if seeds.raw is not None:
            arrays['raw'] = seeds.raw
        return pack(arrays)

    def decode(self, path: Path) -> Seeds:
        """Seeds of a file, float32."""
        arrays = unpack(path, {'classes', 'scores', 'size'}, frozenset({'background', 'raw'}))
        size = tuple(arrays['size'].tolist())
        background, raw = arrays.get('background'), arrays.get('raw')
        seeds = Seeds(arrays['classes'], arrays['scores'], background, size, raw)
        if seeds.scores.shape[1:] != self._grid(size):
            raise ValueError(
                f'maps of {self._grid(size)} expected for an image of {size} at stride '
                f'{self.meta.stride}, found {seeds.scores.shape[1:]}'
            )
        self._check_classes(seeds)
        return seeds

    def _grid(self, size: tuple[int, int]) -> tuple[int, int]:
        stride = self.meta.stride
        return -(-size[0] // stride), -(-size[1] // stride)

    def _check_classes(self, seeds: Seeds) -> None:
        count = len(self.meta.classes)
        if len(seeds.classes) and seeds.classes[-1] >= count:
            raise ValueError(
                f'class id {seeds.classes[-1]} found, the store has ids 0..{count - 1}'
            )
