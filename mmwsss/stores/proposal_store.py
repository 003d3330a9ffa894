"""Store of class-agnostic masks (proposals), one ``.npz`` per image."""

from pathlib import Path

import numpy as np

from mmwsss.stores.arrays import begins_with, pack, unpack
from mmwsss.stores.base import Store
from mmwsss.structures import Proposals

_NAMES = ('rle_counts', 'rle_offsets', 'boxes', 'iou', 'stability', 'level')


class ProposalStore(Store):
    """Proposals on disk, run-length encoded, in rank order."""

    suffix = '.npz'

    @staticmethod
    def is_entry(head: bytes) -> bool:
        """Whether this is an ``.npz`` that begins with the array ``rle_counts``."""
        return begins_with(head, 'rle_counts')

    def encode(self, value: Proposals) -> bytes:
        """File content of one image's proposals."""
        if not isinstance(value, Proposals):
            raise ValueError(f'Proposals expected, found {type(value).__name__}')
        arrays = {name: getattr(value, name) for name in _NAMES}
        return pack({**arrays, 'size': np.asarray(value.size, np.int32)})

    def decode(self, path: Path) -> Proposals:
        """Proposals of a file."""
        arrays = unpack(path, {*_NAMES, 'size'})
        return Proposals(**{**arrays, 'size': tuple(arrays['size'].tolist())})
