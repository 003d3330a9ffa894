"""A mask store to a labelling tool."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder
from mmwsss.exchange.base import Entry, ExchangeFormat, Problem
from mmwsss.stores import StoreError, StoreMismatch
from mmwsss.stores.images import possible_sizes
from mmwsss.stores.mask_store import MaskStore


def export_masks(
    store: MaskStore,
    fmt: ExchangeFormat,
    out: str | Path,
    *,
    ids: Sequence[str] | None = None,
    images: str | Path | None = None,
) -> tuple[int, list[Problem]]:
    """Write masks of a store into a new folder.

    Args:
        store: The store.
        fmt: The format.
        out: The folder, which must be empty or not exist.
        ids: Images to export. Defaults to all entries.
        images: Folder of the photos; sizes are compared, and files name them.

    Returns:
        ``(number written, those left out)``: an entry that is broken, or has no photo of its size.

    Raises:
        StoreError: The folder is not empty, or the store is.
        StoreMismatch: Images asked for are not in the store, or a class name has no form there.
    """
    out, wanted = Path(out), list(store if ids is None else ids)
    if not wanted:
        raise StoreError(f'{store.folder}: it is empty, there is nothing to export')
    if ids is not None:
        store.require(ids=wanted)
    try:
        fmt.check_classes(store.meta.classes)
    except StoreError as error:
        raise StoreMismatch(f'{store.folder}: {error}') from None
    existed = out.is_dir()
    if out.exists() and (not existed or any(out.iterdir())):
        raise StoreError(f'{out}: is not empty; choose a new folder')
    photos = None if images is None else list_folder(images, IMAGE_SUFFIXES)
    problems: list[Problem] = []

    def entries() -> Iterator[Entry]:
        for id in wanted:
            try:
                mask, file_name, photo = store[id], f'{id}.jpg', None
                if photos is not None:
                    if id not in photos:
                        raise StoreError(f'no photo of it in {images}')
                    file_name, photo = photos[id], Path(images or '') / photos[id]
                    sizes = possible_sizes(photo)
                    if mask.shape not in sizes:
                        raise StoreError(f'its mask is {mask.shape}, its photo {sizes[0]}')
            except (OSError, ValueError) as error:
                problems.append(Problem(id, str(error)))
                continue
            yield Entry(id, mask, file_name, photo)

    out.mkdir(parents=True, exist_ok=True)
    try:
        fmt.write(out, entries(), store.meta.classes)
    except BaseException:  # half an export would be mistaken for a whole one
        for path in out.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if not existed:
            with suppress(OSError):
                out.rmdir()
        raise
    return len(wanted) - len(problems), problems
