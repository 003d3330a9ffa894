"""Enrich text features of classes with a bank of describing sentences (ExCEL)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.vq import kmeans2
from torch import Tensor

from mmwsss.models.clip.clip import CLIP
from mmwsss.stores.hashing import hash_file, hash_list
from mmwsss.weights import read_weights_file


class TextBank:
    """Cluster centres of sentences about the classes (ExCEL, section 3.2, TSE).

    Args:
        file: File of the centres, (E, K): an ``.npz`` or safetensors file with that array alone, or
            a file of torch's with the tensor, or the released list of it and a tensor (classes, K),
            which is only used to check the number of classes. Only tensors are read, no objects.
        sentences: Sentences about the classes, instead of a file; they are clustered here. Their
            centres differ from the released ones, which were made with another library.
        centres: Number of clusters of ``sentences``.
        keep: Share of the centres, the most similar ones, that enrich a class.

    Raises:
        ValueError: Neither or both of ``file`` and ``sentences`` are given, there are fewer
            sentences than centres, or ``keep`` is not in (0, 1].
    """

    def __init__(
        self,
        file: str | Path | None = None,
        *,
        sentences: Sequence[str] | None = None,
        centres: int = 112,
        keep: float = 0.9,
    ) -> None:
        if (file is None) == (sentences is None):
            raise ValueError('a text bank is a file or is made of sentences: give one of the two')
        if not 0 < keep <= 1:
            raise ValueError(f'keep is a share in (0, 1], found {keep}')
        if sentences is not None and not 1 <= centres <= len(sentences):
            raise ValueError(
                f'{centres} centres of {len(sentences)} sentences: give more sentences or set '
                'fewer centres'
            )
        self.file = None if file is None else str(file)
        self.sentences = None if sentences is None else tuple(sentences)
        self.number, self.keep = centres, keep
        self._kept: tuple[int, Tensor] | None = None

    def features(self, clip: CLIP, classes: int) -> Tensor:
        """Return the centres. Shape: (E, K), float32, on CLIP's device.

        Raises:
            FileNotFoundError: The file is not there.
            ValueError: It holds something else, or is for another CLIP or number of classes.
        """
        if self._kept is None or self._kept[0] != id(clip):
            if self.file is not None:
                bank = self._read(Path(self.file), clip, classes)
            else:
                bank = self._cluster(clip, self.sentences or ())
            self._kept = id(clip), bank
        return self._kept[1].to(clip.device)

    def enrich(self, text: Tensor, clip: CLIP, classes: int) -> Tensor:
        """Enrich the text features of each class with the bank.

        Args:
            text: Normalised text features, the foreground classes first. Shape: (G, E).
            clip: The CLIP that made them.
            classes: Number of foreground classes.

        Returns:
            Normalised features; those of the background are unchanged. Shape: (G, E).
        """
        return enrich(text, self.features(clip, classes), classes, self.keep)

    def protocol(self) -> dict[str, Any]:
        """Describe the bank for the record of a store."""
        if self.file is not None:
            source = hash_file(self.file)
        else:
            source = hash_list(self.sentences or ())
        return dict(text_bank=source, keep=self.keep)

    @staticmethod
    def _read(path: Path, clip: CLIP, classes: int) -> Tensor:
        if not path.is_file():
            raise FileNotFoundError(f'text bank {path}: there is no such file')
        if path.suffix == '.npz':
            with np.load(path, allow_pickle=False) as arrays:
                found: Any = [torch.from_numpy(arrays[name]) for name in arrays.files]
        else:
            found = read_weights_file(path)
        if isinstance(found, Mapping):
            found = list(found.values())
        found = [found] if isinstance(found, Tensor) else list(found)
        width = clip.sizes.embed_dim
        tensors = [value for value in found if isinstance(value, Tensor) and value.ndim == 2]
        if not tensors or len(tensors) != len(found) or len(found) > 2:
            raise ValueError(
                f'text bank {path}: one array ({width}, centres) is expected, and perhaps one '
                f'(classes, centres), found {[getattr(x, "shape", type(x)) for x in found]}'
            )
        bank, *assigned = tensors
        if bank.shape[0] != width:
            raise ValueError(
                f'text bank {path}: {bank.shape[0]} rows, but the texts of this CLIP have {width} '
                'channels: it was made with another CLIP'
            )
        if assigned and assigned[0].shape != (classes, bank.shape[1]):
            raise ValueError(
                f'text bank {path}: made for {assigned[0].shape[0]} classes, there are {classes}'
            )
        return bank.float()

    def _cluster(self, clip: CLIP, sentences: Sequence[str]) -> Tensor:
        points = clip.text_features([text.lower() for text in sentences]).cpu().double().numpy()
        centres, _ = kmeans2(points, self.number, minit='++', seed=0)
        return torch.from_numpy(centres.T).float()


def enrich(text: Tensor, bank: Tensor, classes: int, keep: float = 0.9) -> Tensor:
    """Add a mixture of the most similar centres to text features (ExCEL, eq. 2 to 4).

    Args:
        text: Normalised, the foreground classes first. Shape: (G, E).
        bank: Centres. Shape: (E, K).
        classes: Number of foreground classes.
        keep: Share of the centres that enrich a class; the least similar ones are left out.

    Returns:
        Normalised. Shape: (G, E).
    """
    own, others = text[:classes], text[classes:]
    with torch.autocast(text.device.type, enabled=False):
        similarity = own @ bank
        if dropped := int((1 - keep) * bank.shape[1]):
            least = similarity.topk(dropped, largest=False).indices
            similarity = similarity.scatter(1, least, -torch.inf)
        enriched = similarity.softmax(-1) @ bank.T + own
        return F.normalize(torch.cat([enriched, others]), dim=-1)
