"""Label maps, one palette PNG an image."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from mmwsss.stores.base import Store
from mmwsss.stores.images import open_image


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
    255 no label.
    """

    suffix = '.png'

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
