"""Import files of published repositories into stores, and export in IRN's format."""

import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.stores.base import BadEntry, Store
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.foreign_files import describe_files, find_files, match_ids
from mmwsss.stores.foreign_formats import FORMATS, ReadOptions
from mmwsss.stores.foreign_masks import MASK_FORMATS
from mmwsss.stores.foreign_proposals import PROPOSAL_FORMATS
from mmwsss.stores.foreign_seeds import to_seeds
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.images import image_size
from mmwsss.stores.key_check import check_keys
from mmwsss.stores.mask_audit import MaskAudit
from mmwsss.stores.meta import StoreMeta
from mmwsss.stores.open import create_store
from mmwsss.stores.score_store import ScoreStore

__all__ = ['FORMATS', 'MASK_FORMATS', 'PROPOSAL_FORMATS', 'export_irn', 'import_folder']

_SAMPLED = 64  # files whose keys are compared with the tags before anything is imported


def import_folder(
    source: str | Path,
    fmt: str,
    target: str | Path,
    *,
    classes: Sequence[str],
    ids: Sequence[str] | None = None,
    to_id: Callable[[str], str] | None = None,
    tags: Mapping[str, Collection[int]] | None = None,
    image_paths: Mapping[str, str] | None = None,
    upright: bool = False,
    image_folder: str | Path | None = None,
    image_suffix: str = '.jpg',
    options: ReadOptions | None = None,
    stride: int = 4,
    dtype: str = 'float16',
    compare_sizes: bool = True,
    overwrite: bool = False,
) -> Store:
    """Import a folder of seeds, label maps or proposals of another project into a store.

    A file that cannot be read never stops the others.

    Args:
        source: Folder with one file an image, named by its id or its photo's file name, in any
            folder below.
        fmt: One of :data:`FORMATS` (scores), :data:`MASK_FORMATS` (masks) or
            :data:`PROPOSAL_FORMATS` (proposals).
        target: Folder of the new store. An import that was broken off continues.
        classes: The C foreground names.
        ids: Images to import. Defaults to every file of the folder.
        to_id: Turns a file's name, without suffix, into an image id. Defaults to the name itself.
        tags: Class ids 0..C-1 of the photos, where they are known; what is imported is compared
            with them.
        image_paths: The photos by id, instead of a folder with a suffix.
        upright: Whether the dump has the size that photos have upright, by their EXIF orientation.
        image_folder: The photos; needed where a file does not tell the image's size
            (FMA, IRN without ``high_res``, files without any class). Sizes are compared.
        image_suffix: Suffix of the photos.
        options: How to read seeds whose files do not say it themselves. Defaults to no option.
        stride: See :class:`StoreMeta`; 1 keeps every pixel. Of scores only.
        dtype: 'float16' or 'float32'. Of scores only.
        compare_sizes: Refuse files of another size than the photo, where that is known. Whoever
            scores them afterwards compares sizes, too.
        overwrite: Redo an existing store.

    Raises:
        StoreError: The folder is empty, or files could not be imported; the message
            lists them, and all others have been imported.
        StoreMismatch: Class numbers do not fit the tags; nothing has been imported.
    """
    source, options = Path(source), options or ReadOptions()
    formats: dict[str, Any] = {**FORMATS, **MASK_FORMATS, **PROPOSAL_FORMATS}
    if fmt not in formats:
        raise StoreError(f'format {fmt!r} is unknown; choose from {", ".join(formats)}')
    suffix = formats[fmt].suffix
    files = find_files(source, suffix, to_id)
    if not files:
        jpeg = '. JPEG changes class numbers: save them as PNG, from their source'
        held = describe_files(source)
        raise StoreError(
            f'{source}: no *{suffix} file found, as format {fmt!r} needs. Files there: {held}'
            + jpeg * (fmt in MASK_FORMATS and '.jp' in held)
        )
    ids = sorted(files) if ids is None else list(ids)
    paths = match_ids(files, ids)
    if not paths:
        raise StoreError(
            f'{source}: none of its {len(files)} files ({_some(files)}) is named as one of the '
            f'{len(ids)} images ({_some(ids)})'
        )

    def photo_size(id: str) -> tuple[int, int] | None:
        if image_paths is not None:
            path = Path(image_paths[id])
        elif image_folder is not None:
            path = Path(image_folder) / f'{id}{image_suffix}'
        else:
            return None
        return image_size(path, upright=upright)

    def read(id: str) -> Any:
        if fmt in FORMATS:
            dump = FORMATS[fmt].read(paths[id], options)
            size_of = lambda: photo_size(id)  # noqa: E731
            return to_seeds(dump, fmt, len(classes), options, size_of, compare_sizes)
        size = photo_size(id) if compare_sizes else None
        return formats[fmt].read(paths[id], size)

    if fmt in FORMATS:
        _check_sample(source, fmt, paths, tags, len(classes), options, read)
    elif fmt in MASK_FORMATS:
        _check_masks(source, paths, tags, classes, read)
    kind = 'scores' if fmt in FORMATS else 'masks' if fmt in MASK_FORMATS else 'proposals'
    meta = StoreMeta(
        kind,
        tuple(classes),
        hash_list(ids),
        stride=stride if kind == 'scores' else 1,
        dtype=dtype if kind == 'scores' else '',
        producer={'config': f'import:{fmt}', 'checkpoint': '', 'code': ''},
        protocol={'imported_from': source.name, 'format': fmt, **options.record()},
    )
    store = create_store(target, meta, overwrite)
    bad = _fill(store, ids, paths, read, suffix)
    if bad:
        shown = '\n'.join(f'  {entry.id}: {entry.reason}' for entry in bad[:20])
        more = f'\n  and {len(bad) - 20} more' if len(bad) > 20 else ''
        raise StoreError(
            f'{source}: {len(bad)} of {len(ids)} files could not be imported (the others are in '
            f'{target}):\n{shown}{more}'
        )
    return store


def _fill(
    store: Store,
    ids: Sequence[str],
    paths: Mapping[str, Path],
    read: Callable[[str], Any],
    suffix: str,
) -> list[BadEntry]:
    """Import missing entries; return those that could not be read, with the reason."""
    bad = []
    for id in store.pending(ids):
        if id not in paths:
            bad.append(BadEntry(id, f'no {id}{suffix} in the folder'))
            continue
        try:
            value = read(id)
        except Exception as error:  # anything can be in a foreign file, and no file stops others
            bad.append(BadEntry(id, _reason(error)))
            continue
        try:
            store.write(id, value)
        except StoreError as error:
            bad.append(BadEntry(id, str(error)))
    return bad


def _check_sample(
    source: Path,
    fmt: str,
    paths: Mapping[str, Path],
    tags: Mapping[str, Collection[int]] | None,
    num_classes: int,
    options: ReadOptions,
    read: Callable[[str], Any],
) -> None:
    """Compare some files, spread over the list, with the tags before anything is written."""
    dumps, won = {}, {}
    for id in _spread(sorted(paths)):
        try:
            dumps[id] = FORMATS[fmt].read(paths[id], options)
            if dumps[id].keys is None and tags and tags.get(id):
                won[id] = read(id).classes.tolist()
        except Exception:  # listed with its reason when its turn comes
            continue
    try:
        check_keys(dumps, tags, num_classes, options)
    except StoreMismatch as error:
        raise StoreMismatch(f'{source}: {error}') from None
    off = [id for id, found in won.items() if not set(found) & set(tags[id])]  # type: ignore[index]
    if 2 * len(off) > len(won):
        raise StoreMismatch(
            f'{source}: {len(off)} of {len(won)} files have their maps of other classes on top '
            f'than the tags say (e.g. {off[0]}: {won[off[0]]} found, tags '
            f'{sorted(tags[off[0]])}). Are the classes in another order? '  # type: ignore[index]
            '--ignore-tags imports them nevertheless'
        )


def _check_masks(
    source: Path,
    paths: Mapping[str, Path],
    tags: Mapping[str, Collection[int]] | None,
    classes: Sequence[str],
    read: Callable[[str], Any],
) -> None:
    audit = MaskAudit(('background', *classes))
    for id in _spread(sorted(paths)) if tags else ():
        try:
            mask = read(id)
        except Exception:  # listed with its reason when its turn comes
            continue
        if ((mask >= 0) & (mask < 256)).all():
            audit.add(id, mask.astype(np.uint8), tags.get(id))  # type: ignore[union-attr]
    if error := audit.error():
        raise StoreMismatch(f'{source}: {error}. --ignore-tags imports them nevertheless')


def export_irn(store: ScoreStore, target: str | Path, ids: Iterable[str] | None = None) -> int:
    """Write a score store as IRN's pickled dictionaries (keys, cam, high_res).

    Returns:
        Number of files written.
    """
    count = 0
    for id in store if ids is None else ids:
        seeds = store[id]
        height, width = seeds.size
        content: dict[str, Any] = {
            'keys': seeds.classes.astype(np.int64),
            'cam': seeds.resize((-(-height // 4), -(-width // 4))).scores,
            'high_res': seeds.resize().scores,
        }
        buffer = io.BytesIO()
        np.save(buffer, np.array(content, object), allow_pickle=True)
        atomic_write_bytes(Path(target) / f'{id}.npy', buffer.getvalue())
        count += 1
    return count


def _spread(ids: Sequence[str]) -> list[str]:
    return [ids[i] for i in np.unique(np.linspace(0, len(ids) - 1, _SAMPLED).astype(int))]


def _some(names: Iterable[str]) -> str:
    return ', '.join(list(names)[:3]) + ', ...'


def _reason(error: Exception) -> str:
    own = isinstance(error, OSError | ValueError)
    return str(error) if own and str(error) else f'{type(error).__name__}: {error}'
