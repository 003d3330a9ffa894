"""A page to look through one or two stores of scores or masks, of any folder of photos."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder
from mmwsss.stores import Store, StoreError, open_store
from mmwsss.visualization.page import correct_command, write_page

_KINDS = ('scores', 'masks')


def browse_stores(
    path: str | Path,
    stores: Sequence[str | Path],
    images: str | Path,
    *,
    masks: str | Path | None = None,
    background: float = 0.3,
    limit: int = 100,
    choose: str = 'even',
    thumbnail: int = 320,
    title: str | None = None,
) -> Path:
    """Write a page that shows photos beside their entries of one or two stores.

    Photos are matched with the entries of the stores by their ids: paths below the folder without
    suffix. Those that only one of two stores has are left out.

    Args:
        path: The HTML file to write.
        stores: One or two folders of score stores or mask stores of the same classes.
        images: Folder of the photos.
        masks: Folder of ground truth: PNGs of mask values, named as the photos are.
        background: Background score at which the sliders start.
        limit: Number of photos shown.
        choose: Which ones: 'even' over the ranking by IoU (or over the list, without ground
            truth), the 'worst', or 'random'.
        thumbnail: Long side of a photo in pixels.
        title: Heading. Defaults to the names of the stores.

    Returns:
        ``path``.

    Raises:
        StoreError: A folder is no store of scores or masks, the stores have other classes, or
            photos are missing.
        DataError: A folder of photos or masks cannot be read.
        ValueError: An option is wrong.

    Example:
        >>> browse_stores('seeds.html', ['run/seeds/scores', 'run/par/scores'], 'my_photos')
    """
    if not 1 <= len(stores) <= 2:
        raise ValueError(f'one or two stores are shown, found {len(stores)}')
    opened = [open_store(folder) for folder in stores]
    for store in opened:
        if store.meta.kind not in _KINDS:
            raise StoreError(
                f'{store.folder}: a store of {store.meta.kind}; scores or masks can be shown'
            )
        store.require(classes=opened[0].meta.classes)
    named = dict(zip(_names(stores), opened, strict=True))
    photos = _Photos(images, masks, list(named.values()))
    facts = {
        **{f'store {name}': str(store.folder) for name, store in named.items()},
        'photos': str(images),
        **({'ground truth': str(masks)} if masks is not None else {}),
    }
    if folder := next((store.folder for store in opened if store.meta.kind == 'masks'), None):
        facts['to correct marked photos'] = correct_command(folder, images)
    return write_page(
        path,
        dataset=photos,
        stores=named,
        title=title or ' and '.join(named),
        background=background,
        limit=limit,
        choose=choose,
        thumbnail=thumbnail,
        facts=facts,
    )


def _names(folders: Sequence[str | Path]) -> list[str]:
    """Shortest ends of the paths that tell them apart, e.g. 'cam/scores' and 'par/scores'."""
    parts = [Path(os.path.abspath(folder)).parts for folder in folders]
    for count in range(2, max(map(len, parts)) + 1):
        names = ['/'.join(part[-count:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise StoreError(f'{folders[0]}: given twice; two different stores can be compared')


class _Photos:
    """Photos of a folder that all stores have, in the form of a tagged data set."""

    def __init__(self, images: str | Path, masks: str | Path | None, stores: list[Store]) -> None:
        self.metainfo = {'classes': ('background', *stores[0].meta.classes)}
        photos = list_folder(images, IMAGE_SUFFIXES)
        truths = {} if masks is None else list_folder(masks, ('.png',))
        held = set(stores[0]).intersection(*stores[1:])
        self.ids = [id for id in photos if id in held]
        if not self.ids:
            raise StoreError(
                f'{images}: none of its {len(photos)} photos is in '
                f'{" and in ".join(str(store.folder) for store in stores)}{_examples(photos, held)}'
            )
        if masks is not None and not truths.keys() & set(self.ids):
            raise StoreError(
                f'{masks}: none of its {len(truths)} PNGs belongs to one of the {len(self.ids)} '
                f'photos{_examples(truths, self.ids)}'
            )
        self._photos = {id: Path(images, photos[id]) for id in self.ids}
        self._truths = (
            {id: Path(masks, truths[id]) for id in self.ids if id in truths} if masks else {}
        )

    def __len__(self) -> int:
        return len(self.ids)

    def get_data_info(self, index: int) -> dict[str, Any]:
        id = self.ids[index]
        info: dict[str, Any] = {'img_id': id, 'img_path': self._photos[id]}
        if id in self._truths:
            info['seg_map_path'] = self._truths[id]
        return info


def _examples(found: Any, wanted: Any) -> str:
    first, second = (next(iter(sorted(names)), None) for names in (found, wanted))
    if first is None or second is None:
        return '. One of them is empty'
    return f'. Ids must agree: the folder has {first!r}, there it is {second!r}'
