"""Store of box prompts, one ``.npz`` per image."""

from pathlib import Path

import numpy as np

from mmwsss.stores.arrays import begins_with, pack, unpack
from mmwsss.stores.base import Store
from mmwsss.structures import BoxPrompts


class PromptStore(Store):
    """Boxes that a detector found, on disk.

    A file holds ``boxes`` float32 (n, 4) in fractions of width and height, ``scores`` float32
    (n,), ``classes`` int16 (n,), -1 for none, and ``size`` int32 (H, W). n is 0 where nothing was
    found.
    """

    suffix = '.npz'

    @staticmethod
    def is_entry(head: bytes) -> bool:
        """Whether this is an ``.npz`` that begins with the array ``boxes``."""
        return begins_with(head, 'boxes')

    def encode(self, value: BoxPrompts) -> bytes:
        """File content of one image's boxes."""
        if not isinstance(value, BoxPrompts):
            raise ValueError(f'BoxPrompts expected, found {type(value).__name__}')
        self._check_classes(value)
        arrays = {name: getattr(value, name) for name in ('boxes', 'scores', 'classes')}
        return pack({**arrays, 'size': np.asarray(value.size, np.int32)})

    def decode(self, path: Path) -> BoxPrompts:
        """Boxes of a file."""
        arrays = unpack(path, {'boxes', 'scores', 'classes', 'size'})
        prompts = BoxPrompts(**{**arrays, 'size': tuple(arrays['size'].tolist())})
        self._check_classes(prompts)
        return prompts

    def _check_classes(self, prompts: BoxPrompts) -> None:
        count = len(self.meta.classes)
        if len(prompts) and prompts.classes.max() >= count:
            raise ValueError(
                f'class id {prompts.classes.max()} found, the store has ids 0..{count - 1}'
            )
