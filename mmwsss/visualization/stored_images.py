"""Images of a data set together with what stores hold of them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.io import read_image, read_mask
from mmwsss.stores import Store, StoreError
from mmwsss.structures import Seeds
from mmwsss.visualization.image_iou import image_iou


class StoredImages:
    """Images of a data set with what stores hold of them, and how good that is.

    Args:
        dataset: The data set.
        stores: Stores of scores or masks, by name.
        background: Background score at which scores become masks.
    """

    def __init__(self, dataset: Any, stores: Mapping[str, Store], background: float) -> None:
        self.dataset, self.stores, self.background = dataset, stores, background
        self.classes = tuple(dataset.metainfo['classes'])
        self.infos = {
            info['img_id']: info for info in map(dataset.get_data_info, range(len(dataset)))
        }

    def truth(self, id: str) -> np.ndarray | None:
        """Read the ground truth of an image, if there is any."""
        path = self.infos[id].get('seg_map_path')
        return None if path is None else read_mask(path, len(self.classes), img_id=id)

    def photo(self, id: str, size: tuple[int, int] | None) -> np.ndarray:
        """Read a photo, turned upright if its record says so, or if only then its size fits."""
        info = self.infos[id]
        photo = read_image(info['img_path'], id, upright=info.get('upright', False))
        if 'upright' in info or size is None or photo.shape[:2] == size:
            return photo
        turned = read_image(info['img_path'], id, upright=True)
        return turned if turned.shape[:2] == size else photo

    def mask(self, value: Seeds | np.ndarray) -> np.ndarray:
        """Turn an entry into a label map."""
        if isinstance(value, Seeds):
            return value.to_mask(None if value.background is not None else self.background)
        return value

    def tags(self, id: str) -> np.ndarray | None:
        """Return the class ids that a score store holds; all classes at once are no tags."""
        for store in self.stores.values():
            if store.meta.kind == 'scores' and (seeds := read_entry(store, id)[0]) is not None:
                held = seeds.classes
                return held if len(held) < len(self.classes) - 1 else None
        return None

    def iou(self, id: str, value: Seeds | np.ndarray, truth: np.ndarray | None) -> float | None:
        """Compute the mean IoU of an entry; None without ground truth or classes.

        Raises:
            DataError: Entry and ground truth differ in size.
        """
        if truth is None:
            return None
        mask = self.mask(value)
        if mask.shape != truth.shape:
            raise DataError(
                f'{self.infos[id]["seg_map_path"]}: the ground truth of image {id!r} is '
                f'{truth.shape[0]}x{truth.shape[1]} (height x width), what the store holds of it '
                f'{mask.shape[0]}x{mask.shape[1]}. Both must have the size of the same photo'
            )
        iou = image_iou(mask, truth, len(self.classes))
        return None if math.isnan(iou) else iou

    def rank(self, part: str) -> list[tuple[str, float | None]]:
        """Rank the images of a store by IoU, the worst first and those without one last.

        Raises:
            StoreError: The store holds none of the data set's images.
        """
        store = self.stores[part]
        ids = [id for id in self.dataset.ids if id in store]
        if not ids:
            raise StoreError(
                f'{store.folder}: holds none of the {len(self.infos)} images of the data set. Give '
                'the data set (list) that the store was made for'
            )
        rated = []
        for id in ids:
            truth = self.truth(id)
            value = None if truth is None else read_entry(store, id)[0]
            rated.append((id, None if value is None else self.iou(id, value, truth)))
        return sorted(rated, key=lambda item: math.inf if item[1] is None else item[1])


def read_entry(store: Store, id: str) -> tuple[Any, str]:
    """Read an entry; None and the reason if it is missing or broken, which must not stop a page."""
    if id not in store:
        return None, 'not in the store'
    try:
        return store[id], ''
    except StoreError as error:
        return None, str(error)
