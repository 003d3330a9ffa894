"""From a labelling tool into a mask store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder, shown
from mmwsss.exchange.base import ExchangeFormat, MaskReader, Problem
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.images import possible_sizes
from mmwsss.stores.mask_store import MaskStore

_BATCH = 64  # corrected masks that are recorded at once


@dataclass
class Imported:
    """What became of the masks of an import.

    Args:
        changed: Ids of entries that were replaced and are recorded as corrected by hand.
        same: Ids whose masks are those of the store.
        problems: Masks that were left out, and why.
    """

    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def import_corrections(
    source: str | Path,
    fmt: ExchangeFormat,
    name: str,
    store: MaskStore,
    *,
    ids: Collection[str] | None = None,
    accept_empty: bool = False,
) -> Imported:
    """Replace the entries whose masks have changed, and record them as corrected by hand.

    A mask that cannot be used never stops the others.

    Args:
        source: Folder or file of a labelling tool. The store's own folder, with ``ids``, marks
            entries that were edited in place.
        fmt: Its format.
        name: The format's name, for the record.
        store: The store.
        ids: Images to import. Defaults to all that are found.
        accept_empty: Take masks that are all background for corrections of entries that are not.

    Raises:
        StoreError: There is nothing of this format, or no name fits the store.
        FolderBusy: A run writes to the store.
    """
    source, done = Path(source), Imported()
    in_place = source.resolve() == store.folder.resolve()
    if in_place and not ids:
        raise StoreError(
            f'{store.folder}: it is the store itself; name the masks that were edited in it (--ids)'
        )
    readers = _matched(fmt.find(source, store.meta.classes), list(store), source, ids, done)
    store.lock()
    try:
        batch: dict[str, np.ndarray] = {}
        for id, read in readers.items():
            try:
                old = store[id]
                mask = read(old.shape)
                if not in_place and np.array_equal(mask, old):
                    done.same.append(id)
                    continue
                if not in_place and not mask.any() and not accept_empty:
                    raise ValueError(
                        'it is all background and its entry is not: nothing was drawn? '
                        '--accept-empty takes it for a correction'
                    )
            except (OSError, SyntaxError, ValueError) as error:
                done.problems.append(Problem(id, str(error)))
                continue
            batch[id] = mask
            if len(batch) == _BATCH:
                done.changed += _correct(store, batch, name)
        done.changed += _correct(store, batch, name)
        store.sync()
    finally:
        store.close()
    return done


def _correct(store: MaskStore, batch: dict[str, np.ndarray], name: str) -> list[str]:
    ids = list(batch)
    if ids:
        store.correct(batch, name)
        batch.clear()
    return ids


def import_new_store(
    source: str | Path,
    fmt: ExchangeFormat,
    name: str,
    target: str | Path,
    classes: Sequence[str],
    *,
    ids: Collection[str] | None = None,
    images: str | Path | None = None,
) -> tuple[MaskStore, Imported]:
    """Make a store of the masks of a labelling tool.

    Args:
        source: Folder or file.
        fmt: Its format.
        name: The format's name, for the record.
        target: Folder of the new store.
        classes: The C foreground names.
        ids: Images to import. Defaults to all that are found.
        images: Folder of the photos; sizes are compared, and names are matched.

    Returns:
        ``(store, what became of the masks)``, all of them as ``changed``.

    Raises:
        StoreError: There is nothing of this format, or the folder holds something else.
    """
    source, done = Path(source), Imported()
    photos = None if images is None else list_folder(images, IMAGE_SUFFIXES)
    found = fmt.find(source, classes)
    known = list(photos) if photos is not None else [id for id, _ in found]
    readers = _matched(found, known, source, ids, done)
    meta = StoreMeta(
        'masks',
        tuple(classes),
        hash_list(sorted(readers)),
        producer={'config': f'import:{name}', 'checkpoint': '', 'code': ''},
        protocol={'imported_from': source.name, 'format': name},
    )
    store = create_store(target, meta)
    try:
        for id, read in readers.items():
            try:
                photo = None if photos is None else Path(images or '') / photos[id]
                mask = _read(read, photo)
            except (OSError, SyntaxError, ValueError) as error:
                done.problems.append(Problem(id, str(error)))
                continue
            try:
                store.write(id, mask)  # a full disk ends the import
            except StoreError as error:
                done.problems.append(Problem(id, str(error)))
            else:
                done.changed.append(id)
        store.sync()
        store.ledger.end()
    finally:
        store.close()
    return store, done  # type: ignore[return-value]


def _read(read: MaskReader, photo: Path | None) -> np.ndarray:
    """A mask of its photo's size: upright, or else as the photo is stored."""
    upright, *stored = (None,) if photo is None else possible_sizes(photo)
    try:
        return read(upright)
    except ValueError:
        for size in stored:
            with suppress(ValueError):
                return read(size)
        raise


def _matched(
    found: Sequence[tuple[str, MaskReader]],
    known: Sequence[str],
    source: Path,
    ids: Collection[str] | None,
    done: Imported,
) -> Mapping[str, MaskReader]:
    """Readers by image id; tools that drop folders are understood where the name is enough."""
    by_name: dict[str, list[str]] = {}
    for id in known:
        by_name.setdefault(id.rsplit('/', 1)[-1], []).append(id)
    exact, readers, twice = set(known), {}, set()
    for given, read in found:
        same_name = by_name.get(given.rsplit('/', 1)[-1], [])
        if given in exact:
            id = given
        elif len(same_name) == 1:
            id = same_name[0]
        else:
            why = f'{len(same_name) or "no"} images of that name are known'
            if ids is None:
                done.problems.append(Problem(given, why))
            continue
        if ids is not None and id not in ids:
            continue
        if id in readers:
            twice.add(id)
        else:
            readers[id] = read
    for id in sorted(twice):
        done.problems.append(Problem(id, f'{source}: two masks are of this image'))
        del readers[id]
    for id in sorted(set(ids or ()) - set(readers) - twice):
        done.problems.append(Problem(id, f'{source}: no mask of it found'))
    if not readers:
        names = [given for given, _ in found]
        raise StoreMismatch(
            f'{source}: none of its {len(names)} masks ({shown(names)}) is of an image wanted, '
            f'e.g. {shown(list(ids or known)[:3])}'
        )
    return readers
