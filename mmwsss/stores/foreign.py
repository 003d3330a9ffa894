"""Seeds in the forms that published repositories write: import and export."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.stores.base import BadEntry
from mmwsss.stores.errors import StoreError
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.meta import StoreMeta
from mmwsss.stores.open import create_store
from mmwsss.stores.safe_pickle import load_pickled_npy
from mmwsss.stores.score_store import ScoreStore
from mmwsss.structures import Seeds
from mmwsss.structures.interpolation import resize_bilinear

# Published maps end just under 1; float rounding may lift them a little above.
_SLACK = 1e-3
_Size = Callable[[], tuple[int, int]]


def _from_irn(path: Path, image_size: _Size) -> Seeds:
    content = _dict(load_pickled_npy(path), 'keys')
    keys = np.asarray(content['keys']).reshape(-1)
    for name in ('high_res', 'attn_highres'):  # the second is CLIP-ES's
        if name in content:
            maps = np.asarray(content[name], np.float32)
            return _seeds(keys, maps, size=None if maps.size else image_size())
    if 'cam' not in content:
        raise ValueError(
            f'high_res, attn_highres or cam expected beside keys, found {sorted(content)}'
        )
    return _seeds(keys, np.asarray(content['cam'], np.float32), size=image_size())


def _from_class_map(path: Path, image_size: _Size) -> Seeds:
    content = _dict(load_pickled_npy(path))
    keys = sorted(content)
    if not keys:
        return _seeds(np.zeros(0, int), np.zeros((0, 1, 1)), size=image_size())
    return _seeds(np.asarray(keys), np.stack([content[key] for key in keys]))


def _from_crf(path: Path, image_size: _Size) -> Seeds:
    content = _dict(load_pickled_npy(path), 0)
    background = _unit(np.asarray(content.pop(0), np.float32))
    keys = sorted(content)
    maps = np.array([content[key] for key in keys], np.float32).reshape(-1, *background.shape)
    return _seeds(np.asarray(keys, int) - 1, maps, background)


def _from_fma(path: Path, image_size: _Size) -> Seeds:
    """Raw signed maps: to the image's size, ReLU, min-max per class (eps 1e-7)."""
    with np.load(path, allow_pickle=False) as file:
        if not {'cam', 'fg_cls'} <= set(file.files):
            raise ValueError(f'cam and fg_cls expected, found {sorted(file.files)}')
        keys, maps = file['fg_cls'].reshape(-1), file['cam'].astype(np.float32)
    size = image_size()
    maps = resize_bilinear(maps, size).clip(0) if len(keys) else np.zeros((0, *size))
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return _seeds(keys, (maps - low) / (high - low + 1e-7))


FORMATS: dict[str, tuple[str, Callable[[Path, _Size], Seeds], str]] = {
    'irn': ('.npy', _from_irn, 'dict keys and high_res, attn_highres or cam (IRN, RIB, CLIP-ES)'),
    'class_map': ('.npy', _from_class_map, 'dict class id 0..C-1 -> map (S2C, CTI, ICAM)'),
    'crf': ('.npy', _from_crf, 'dict 0 -> background, class id + 1 -> map (CRF dumps)'),
    'fma': ('.npz', _from_fma, 'arrays cam (raw), fg_cls (FMA-WSSS)'),
}


def import_folder(
    source: str | Path,
    fmt: str,
    target: str | Path,
    *,
    classes: Sequence[str],
    ids: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    image_paths: Mapping[str, str] | None = None,
    image_folder: str | Path | None = None,
    image_suffix: str = '.jpg',
    stride: int = 4,
    dtype: str = 'float16',
    overwrite: bool = False,
) -> ScoreStore:
    """Turn a folder of foreign seeds into a score store.

    Args:
        source: Folder with one file an image, named by its id.
        fmt: One of :data:`FORMATS`.
        target: Folder of the new store. An import that was broken off continues.
        classes: The C foreground names.
        ids: Images to import. Defaults to every file of the folder.
        names: Name of an image's file, without suffix, where that is not its id.
        image_paths: The photos, instead of a folder with a suffix.
        image_folder: The photos; needed where a file does not tell the image's size
            (FMA, IRN without ``high_res``, files without any class).
        image_suffix: Suffix of the photos.
        stride: See :class:`StoreMeta`; 1 keeps every pixel.
        dtype: 'float16' or 'float32'.
        overwrite: Redo an existing store.

    Raises:
        StoreError: The folder is empty, or files could not be imported; the message
            lists them, and all others have been imported.
    """
    source = Path(source)
    if fmt not in FORMATS:
        raise StoreError(f'format {fmt!r} is unknown; choose from {", ".join(FORMATS)}')
    suffix, read, _ = FORMATS[fmt]
    if ids is None:
        ids = sorted(
            p.relative_to(source).as_posix()[: -len(suffix)] for p in _files(source, suffix)
        )
    if not ids:
        raise StoreError(f'{source}: no *{suffix} file found, as format {fmt!r} needs')
    meta = StoreMeta(
        'scores',
        tuple(classes),
        hash_list(ids),
        stride=stride,
        dtype=dtype,
        producer={'config': f'import:{fmt}', 'checkpoint': '', 'code': ''},
        protocol={'imported_from': source.name, 'format': fmt},
    )
    store = create_store(target, meta, overwrite)
    assert isinstance(store, ScoreStore)
    bad = []
    for id in store.pending(ids):

        def image_size(id: str = id) -> tuple[int, int]:
            if image_paths is not None:
                path = Path(image_paths[id])
            elif image_folder is not None:
                path = Path(image_folder) / f'{id}{image_suffix}'
            else:
                raise ValueError('the file does not tell the image size: give the image folder')
            with Image.open(path) as image:
                return image.height, image.width

        try:
            store.write(id, read(source / f'{(names or {}).get(id, id)}{suffix}', image_size))
        except (OSError, ValueError) as error:
            bad.append(BadEntry(id, str(error)))
    if bad:
        shown = '\n'.join(f'  {entry.id}: {entry.reason}' for entry in bad[:20])
        raise StoreError(
            f'{source}: {len(bad)} of {len(ids)} files could not be imported (the others are in '
            f'{target}):\n{shown}'
        )
    return store


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


def _files(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        raise StoreError(f'{folder}: the folder does not exist')
    return [path for path in folder.rglob(f'*{suffix}') if not path.name.startswith('.')]


def _dict(content: Any, *needed: Any) -> dict:
    if not isinstance(content, dict):
        raise ValueError(f'a dictionary is expected, found {type(content).__name__}')
    missing = [key for key in needed if key not in content]
    if missing:
        raise ValueError(f'key {missing[0]!r} is missing, found {list(content)[:8]}')
    return dict(content)


def _unit(maps: np.ndarray) -> np.ndarray:
    """Clip rounding, refuse anything that is no score in [0, 1]."""
    if maps.size and not (maps.min() >= -_SLACK and maps.max() <= 1 + _SLACK):
        raise ValueError(
            f'scores must lie in [0, 1], found {maps.min():.4g}..{maps.max():.4g}: normalise '
            'them first (divide each class by its maximum)'
        )
    return maps.clip(0, 1)


def _seeds(
    classes: np.ndarray,
    maps: np.ndarray,
    background: np.ndarray | None = None,
    size: tuple[int, int] | None = None,
) -> Seeds:
    maps = np.asarray(maps, np.float32)
    if not len(classes) and not maps.size:
        maps = np.zeros((0, *(size or (1, 1))), np.float32)
    order = np.argsort(classes, kind='stable')
    return Seeds(np.asarray(classes)[order], _unit(maps[order]), background, size or maps.shape[1:])
