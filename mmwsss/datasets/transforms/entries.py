"""Transforms that read a photo's entry from a store; ``stores()`` returns the store's path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmwsss.datasets.errors import ImageError
from mmwsss.registry import TRANSFORMS
from mmwsss.stores import Store, StoreMismatch, StoreReader, open_store


class LoadFromStore(BaseTransform, StoreReader):
    """Read the photo's entry of a store.

    Comes after ``LoadImage`` where the size of the entry is to be compared with the photo's.

    Args:
        store: Folder of the store.

    Raises:
        StoreError: The folder is no store of this kind.
    """

    kind: str
    key: str

    def __init__(self, store: str | Path) -> None:
        self.store = open_store(store, self.kind)

    @classmethod
    def reads(cls) -> Mapping[str, str]:
        """One store of the class's kind."""
        return {'store': cls.kind}

    def stores(self) -> Sequence[Store]:
        """The one that is read."""
        return (self.store,)

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes and size."""
        img_id, classes = results['img_id'], len(results['gt_label'])
        if self.kind != 'proposals' and len(self.store.meta.classes) != classes:
            raise StoreMismatch(
                f'{self.store.folder}: made for {len(self.store.meta.classes)} classes, but the '
                f'data set has {classes}. Use the store of this data set'
            )
        value = self.store[img_id]
        size = self.size_of(value)
        if 'ori_shape' in results and size not in self.sizes_of(results):
            raise ImageError(
                f'{self.store.path(img_id)}: made for a photo of {size[0]}x{size[1]} '
                f'pixels, but {results["img_path"]} has {results["ori_shape"][0]}x'
                f'{results["ori_shape"][1]} (height x width){self._other_limit(results)}',
                img_id,
                results['img_path'],
            )
        results[self.key] = value
        return results

    def sizes_of(self, results: dict) -> Sequence[tuple[int, int]]:
        """Sizes (H, W) that the photo's entry may have: that of the photo."""
        return (tuple(results['ori_shape']),)

    def _other_limit(self, results: dict) -> str:
        limits = self.store.meta.protocol.get('max_pixels'), results.get('max_pixels')
        if self.kind == 'masks' or limits[0] == limits[1]:
            return ''
        return (
            f'. The store was made with max_pixels={limits[0]} in its data set, and this one has '
            f'{limits[1]}: give it the same'
        )

    def size_of(self, value: Any) -> tuple[int, int]:
        """(H, W) of the photo that an entry was made for."""
        return tuple(value.size)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(store={str(self.store.folder)!r})'


@TRANSFORMS.register_module()
class LoadSeeds(LoadFromStore):
    """Read the photo's class scores into ``seeds``.

    A store that says it was made with the image-level labels must hold a map of each tag.

    Args:
        store: Folder of a score store.
    """

    kind = 'scores'
    key = 'seeds'

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes, size and tags."""
        results = super().transform(results)
        if self.store.meta.protocol.get('seeds_of') == 'image-level labels':
            found, img_id = results[self.key].classes.tolist(), results['img_id']
            missing = np.setdiff1d(np.flatnonzero(results['gt_label']), found)
            if len(missing):
                names = [self.store.meta.classes[k] for k in missing]
                raise ImageError(
                    f'{self.store.path(img_id)}: {img_id} is tagged {", ".join(names)}, of which '
                    f'the store has no map (it has class ids {found}). Its tags have changed: make '
                    'the store anew',
                    img_id,
                    results['img_path'],
                )
        return results


@TRANSFORMS.register_module()
class LoadEvidence(LoadSeeds):
    """Read the photo's class scores of a second store into ``evidence``.

    For refiners that weigh two sources, such as ``AddEvidence``.

    Args:
        store: Folder of a score store.
    """

    key = 'evidence'


@TRANSFORMS.register_module()
class LoadProposals(LoadFromStore):
    """Read the photo's region proposals into ``proposals``.

    Where the data set limits the pixels of photos, they may be those of the smaller photo. Comes
    right after ``LoadImage`` then.

    Args:
        store: Folder of a proposal store.
    """

    kind = 'proposals'
    key = 'proposals'

    def sizes_of(self, results: dict) -> Sequence[tuple[int, int]]:
        """Also that at which it is looked at, where the data set limits the pixels of photos."""
        sizes = super().sizes_of(results)
        return (*sizes, tuple(results['img_shape'])) if results.get('max_pixels') else sizes


@TRANSFORMS.register_module()
class LoadPrompts(LoadFromStore):
    """Read the boxes that a detector found in the photo into ``prompts``.

    Args:
        store: Folder of a prompt store.
    """

    kind = 'prompts'
    key = 'prompts'


@TRANSFORMS.register_module()
class LoadPseudoMask(LoadFromStore):
    """Read the photo's pseudo mask into ``pseudo_mask``, carried along by geometric transforms.

    Args:
        store: Folder of a mask store, e.g. of a stage with the refiner ``IRLabels``.
    """

    kind = 'masks'
    key = 'pseudo_mask'

    def transform(self, results: dict) -> dict:
        """Read the entry of ``img_id``, made for the same classes and size."""
        results = super().transform(results)
        results.setdefault('aligned', {})['pseudo_mask'] = 255
        return results

    def size_of(self, value: np.ndarray) -> tuple[int, int]:
        """(H, W) of the mask."""
        return value.shape


@TRANSFORMS.register_module()
class LoadCRFScores(BaseTransform, StoreReader):
    """Read two sets of scores after the CRF, from which AffinityNet's labels are made.

    Adds ``low_alpha`` and ``high_alpha``, float32 (H, W, K + 1) with the background first, which
    crops and flips carry along (resizing does not apply to scores). Comes after ``LoadImage``.

    Args:
        low_alpha: Folder of a score store from ``CRF`` with a low alpha: much background, so what
            is foreground is surely so.
        high_alpha: Folder of one with a high alpha: what is background is surely so.
    """

    def __init__(self, low_alpha: str | Path, high_alpha: str | Path) -> None:
        self.loaders = {'low_alpha': LoadSeeds(low_alpha), 'high_alpha': LoadSeeds(high_alpha)}

    @classmethod
    def reads(cls) -> Mapping[str, str]:
        """Two stores of scores."""
        return {'low_alpha': 'scores', 'high_alpha': 'scores'}

    def stores(self) -> Sequence[Store]:
        """Both."""
        return tuple(loader.store for loader in self.loaders.values())

    def transform(self, results: dict) -> dict:
        """Read both entries of ``img_id``, at the size of the photo."""
        img_id, classes = results['img_id'], []
        for name, loader in self.loaders.items():
            seeds = loader(dict(results))['seeds'].resize()
            if seeds.background is None:
                raise ImageError(
                    f'{loader.store.path(img_id)}: has no background map. AffinityNet learns from '
                    "scores of a stage with dict(type='CRF', alpha=...)",
                    img_id,
                )
            classes.append(seeds.classes.tolist())
            scores = np.concatenate([seeds.background[None], seeds.scores])
            results[name] = np.ascontiguousarray(scores.transpose(1, 2, 0))
            results.setdefault('aligned', {})[name] = 0
        if classes[0] != classes[1]:
            raise ImageError(
                f'{img_id}: {self.loaders["low_alpha"].store.folder} has the classes {classes[0]}, '
                f'{self.loaders["high_alpha"].store.folder} {classes[1]}. Make both from one store',
                img_id,
            )
        return results

    def __repr__(self) -> str:
        folders = {name: str(loader.store.folder) for name, loader in self.loaders.items()}
        return f'{type(self).__name__}({folders})'
