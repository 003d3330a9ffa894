"""Store of label maps (masks), one palette PNG per image."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmwsss.stores.base import Store
from mmwsss.stores.corrections import Corrections
from mmwsss.stores.errors import StoreError
from mmwsss.stores.hashing import hash_bytes
from mmwsss.stores.images import open_image
from mmwsss.stores.meta import StoreMeta


def voc_palette() -> np.ndarray:
    """The 256 colours that PASCAL VOC gives to mask values. Shape: (256, 3), uint8."""
    ids = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= (((ids >> (3 * bit + channel)) & 1) << (7 - bit)).astype(
                np.uint8
            )
    return palette


class MaskStore(Store):
    """Pseudo masks on disk, readable by any mmseg data set as ``seg_map_path``.

    A file is a palette PNG (VOC colours) of uint8 (H, W): 0 background, class id + 1,
    255 no label. Entries that were corrected by hand are recorded in ``corrected.json``; no stage
    replaces them.

    Args:
        folder: The store's folder.
        meta: Its record.

    Attributes:
        corrections: The record of corrected entries.
    """

    suffix = '.png'

    def __init__(self, folder: str | Path, meta: StoreMeta) -> None:
        super().__init__(folder, meta)
        self.corrections = Corrections(self.folder)

    def write(self, id: str, value: Any) -> None:
        """Write one entry, see :meth:`Store.write`.

        Raises:
            StoreError: The entry was corrected by hand and its file is intact. If the file is
                missing or broken, it is made anew and no longer counts as a correction.
        """
        if id in self.corrections:
            if not self.verify([id]):
                raise StoreError(
                    f'{self.path(id)}: was corrected by hand and is not overwritten. To have it '
                    'made anew, delete the file'
                )
            self.lock()
            self.corrections.drop(id)
        super().write(id, value)

    def correct(self, masks: Mapping[str, np.ndarray], source: str) -> None:
        """Replace entries by masks that were corrected by hand, and record them as such.

        The record comes first: a kill in between leaves entries that the same import writes.

        Args:
            masks: Masks by id. Shape of each: (H, W), of any integer type.
            source: Format that they come from, for the record.

        Raises:
            StoreError: A mask does not fit the store; nothing has been changed.
        """
        self.lock()
        try:
            encoded = {id: self.encode(mask) for id, mask in masks.items()}
        except ValueError as error:
            raise StoreError(f'{self.folder}: {error}') from error
        self.corrections.add(
            {id: hash_bytes(data) for id, data in encoded.items()}, source, self.meta.classes
        )
        for id, mask in masks.items():
            super().write(id, mask)

    @staticmethod
    def is_entry(head: bytes) -> bool:
        """Whether this is a palette PNG of 8 bits."""
        return head[:16] == b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' and head[24:26] == b'\x08\x03'

    def encode(self, value: np.ndarray) -> bytes:
        """File content of a label map of any integer type. Shape: (H, W)."""
        value = np.asarray(value)
        self._check(value)
        image = Image.fromarray(value.astype(np.uint8))
        image.putpalette(voc_palette().tobytes())
        buffer = io.BytesIO()
        image.save(buffer, 'PNG', compress_level=1)
        return buffer.getvalue()

    def decode(self, path: Path) -> np.ndarray:
        """uint8 (H, W)."""
        with open_image(path, ('PNG',)) as image:
            if image.mode not in ('P', 'L'):
                raise ValueError(f'a palette or grey PNG is expected, found mode {image.mode}')
            mask = np.array(image)
        self._check(mask)
        return mask

    def _check(self, mask: np.ndarray) -> None:
        if mask.ndim != 2 or not mask.size or mask.dtype.kind not in 'ui':
            raise ValueError(f'an integer map (H, W) is expected, found {mask.dtype} {mask.shape}')
        count = len(self.meta.classes)
        wrong = mask[((mask < 0) | (mask > count)) & (mask != self.meta.ignore_index)]
        if wrong.size:
            raise ValueError(
                f'values 0..{count} and {self.meta.ignore_index} are expected, found '
                f'{np.unique(wrong)[:10].tolist()}'
            )
