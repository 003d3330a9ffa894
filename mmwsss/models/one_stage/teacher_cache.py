"""Cache of the frozen teacher's predictions on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmwsss.stores.arrays import pack, unpack
from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.stores.hashing import hash_text

_DTYPES = ('float32', 'float16')


class TeacherCache:
    """Low-resolution logits and prototypes of the T-teacher, one ``.npz`` for each view.

    The teacher never changes and sees an image in only four orientations, so that from the second
    time on its pass through the encoder can be left out. Predictions for other boxes, another SAM
    or another input are not used but replaced.

    Args:
        folder: Folder of the files.
        dtype: Type of the logits on disk. ``'float16'`` halves the files; values that round to 0
            then lose their sign.
        context: Describes what else the predictions depend on (SAM, normalisation, size).

    Raises:
        ValueError: ``dtype`` is unknown.
    """

    def __init__(self, folder: str | Path, *, dtype: str = 'float32', context: str = ''):
        if dtype not in _DTYPES:
            raise ValueError(f'dtype must be one of {", ".join(_DTYPES)}, found {dtype!r}')
        self.folder, self.dtype, self.context = Path(folder), dtype, context

    def path(self, img_id: str, flips: tuple[bool, bool]) -> Path:
        """Return the file of a view: mirrored left to right, and top to bottom, or not."""
        return self.folder / f'{img_id}.{int(flips[0])}{int(flips[1])}.npz'

    def read(
        self, img_id: str, flips: tuple[bool, bool], boxes: np.ndarray
    ) -> tuple[Tensor, Tensor] | None:
        """Read logits (n, 4 s, 4 s) and prototypes (n, D), float32; None if they are not there.

        Args:
            img_id: Image id.
            flips: See :meth:`path`.
            boxes: Prompts of the teacher.
        """
        try:
            arrays = unpack(self.path(img_id, flips), {'low', 'prototypes', 'key'})
        except (FileNotFoundError, ValueError):  # a broken file is replaced, too
            return None
        if str(arrays['key']) != self._key(boxes):
            return None
        low, prototypes = (
            torch.from_numpy(arrays[key].astype(np.float32)) for key in ('low', 'prototypes')
        )
        return low, prototypes

    def write(
        self,
        img_id: str,
        flips: tuple[bool, bool],
        boxes: np.ndarray,
        answer: Sequence[Tensor],
    ) -> None:
        """Write a prediction, see :meth:`read`."""
        low, prototypes = (part.float().cpu().numpy() for part in answer)
        arrays = dict(
            low=low.astype(self.dtype), prototypes=prototypes, key=np.array(self._key(boxes))
        )
        atomic_write_bytes(self.path(img_id, flips), pack(arrays))

    def _key(self, boxes: np.ndarray) -> str:
        numbers = np.ascontiguousarray(boxes, np.float64).tobytes().hex()
        return hash_text(f'{self.context}|{self.dtype}|{numbers}')
