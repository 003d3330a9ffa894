"""Read the formats in which published repositories write seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from mmwsss.stores.arrays import read_npz
from mmwsss.stores.safe_pickle import load_pickled_npy

Background = Literal['auto', 'first', 'none']
Normalise = Literal['none', 'max', 'minmax', 'softmax', 'byte']
NORMALISE = ('none', 'max', 'minmax', 'softmax', 'byte')

# Names of maps in dictionaries, the full-size ones first, and whether their first map is known to
# be the background's.
_MAPS: dict[str, Background] = {
    'high_res': 'auto',  # IRN, ReCAM, LPCAM, AMN
    'attn_highres': 'auto',  # CLIP-ES
    'hr_cam': 'auto',  # Puzzle-CAM
    'IS_CAM': 'first',  # SIPE
    'rw': 'auto',  # Puzzle-CAM after the random walk
    'valid_lam': 'auto',  # MoRe, ExCEL
    'prob': 'first',  # WeakTr
    'msc_seg': 'auto',  # WeCLIP, DuPL, SeCo
    'cam': 'auto',
}


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading a dump that does not describe itself.

    Args:
        key: Name of the maps in the dictionary. Defaults to those that are known.
        offset: Number of the first foreground class. Defaults to 0, or to 1 where key 0 stands
            for the background.
        background: 'first': the first map is the background's; 'none': there is none; 'auto':
            their numbers decide: K + 1 maps of K keys have it in front, K maps of K + 1 keys
            that begin with 0 have it among the keys only.
        normalise: What to do with maps that are no scores in [0, 1]: 'max' cuts at 0 and divides
            each class by its maximum, 'minmax' stretches each class, 'softmax' is taken over all
            maps, 'byte' divides by 255.
        nan_to_zero: Take NaN for 0.
    """

    key: str | None = None
    offset: int | None = None
    background: Background = 'auto'
    normalise: Normalise = 'none'
    nan_to_zero: bool = False

    def record(self) -> dict[str, Any]:
        """Return the options that differ from the defaults."""
        return {k: v for k, v in vars(self).items() if v != getattr(ReadOptions, k)}


class Dump(NamedTuple):
    """Content of one file before interpretation.

    Args:
        keys: Class numbers as written; None where the maps are of all classes. Shape: (K,).
        maps: Shape: (M, h, w).
        background: As in :class:`ReadOptions`, where the format tells.
        full_size: Whether the maps have the image's size.
    """

    keys: np.ndarray | None
    maps: np.ndarray
    background: Background = 'auto'
    full_size: bool = True


def read_dictionary(path: Path, options: ReadOptions) -> Dump:
    """A dictionary of ``keys`` and maps; without ``keys`` the maps are of all classes."""
    content = _dictionary(load_pickled_npy(path))
    if content and all(_number(key) is not None for key in content):
        raise ValueError(
            f'class numbers {list(content)[:5]} are its keys: formats class_map and crf read that'
        )
    name = options.key or next((name for name in _MAPS if name in content), None)
    if name is None or name not in content:
        raise ValueError(
            f'{name or ", ".join(_MAPS)} expected, found {_names(content)}: --key names the maps'
        )
    keys = content.get('keys')
    if keys is None and name != 'msc_seg' and options.key is None:
        raise ValueError(f"key 'keys' is missing, found {_names(content)}")
    if keys is not None:
        keys = _whole_numbers(keys)
    return Dump(keys, _maps(content[name]), _MAPS.get(name, 'auto'), name != 'cam')


def read_class_map(path: Path, options: ReadOptions) -> Dump:
    """A dictionary class number -> map."""
    content = _numbered(load_pickled_npy(path))
    keys = sorted(content)
    if not keys:
        return Dump(np.zeros(0, int), np.zeros((0, 0, 0), np.float32))
    maps = [np.asarray(content[key], np.float32) for key in keys]
    maps = [one[0] if one.ndim == 3 and len(one) == 1 else one for one in maps]
    if len(shapes := {one.shape for one in maps}) > 1:
        raise ValueError(f'its maps differ in size: {sorted(shapes)}')
    return Dump(np.array(keys), _maps(np.stack(maps)))


def read_crf(path: Path, options: ReadOptions) -> Dump:
    """A dictionary 0 -> background, class id + 1 -> map."""
    content = _dictionary(load_pickled_npy(path))
    if 0 not in content and '0' not in content:
        raise ValueError(f'key 0 is missing, found {_names(content)}')
    return read_class_map(path, options)._replace(background='first')


def read_array(path: Path, options: ReadOptions) -> Dump:
    """A plain array of all classes, with or without the background in front."""
    content = load_pickled_npy(path)
    if not isinstance(content, np.ndarray):
        raise ValueError(f'a plain array is expected, found a {type(content).__name__}')
    if content.squeeze().ndim == 2:
        raise ValueError(
            f'one map of {content.squeeze().shape} where a map a class is expected. A label map '
            'is read by format npy'
        )
    return Dump(None, _maps(content))


def read_fma(path: Path, options: ReadOptions) -> Dump:
    """Raw signed maps ``cam`` of classes ``fg_cls``."""
    arrays = read_npz(path)
    if not {'cam', 'fg_cls'} <= set(arrays):
        raise ValueError(f'cam and fg_cls expected, found {sorted(arrays)}')
    keys, maps = arrays['fg_cls'].reshape(-1), arrays['cam'].astype(np.float32)
    return Dump(_whole_numbers(keys), _maps(maps) if len(keys) else maps, full_size=False)


class Format(NamedTuple):
    """One form of seeds: suffix of its files, its reader, a description for people."""

    suffix: str
    read: Callable[[Path, ReadOptions], Dump]
    text: str


FORMATS: dict[str, Format] = {
    'irn': Format(
        '.npy',
        read_dictionary,
        f'dict keys and one of {", ".join(_MAPS)} (IRN, AMN, RIB, CLIP-ES, SIPE, ...)',
    ),
    'class_map': Format('.npy', read_class_map, 'dict class id 0..C-1 -> map (S2C, CTI, ICAM)'),
    'crf': Format('.npy', read_crf, 'dict 0 -> background, class id + 1 -> map (CRF dumps)'),
    'fma': Format('.npz', read_fma, 'arrays cam (raw), fg_cls (FMA-WSSS)'),
    'array': Format('.npy', read_array, 'plain array of C or C + 1 maps (deeplab-pytorch)'),
}


def _maps(value: Any) -> np.ndarray:
    maps = np.asarray(value, np.float32)
    while maps.ndim > 3 and maps.shape[0] == 1:
        maps = maps[0]
    if maps.ndim == 2:
        maps = maps[None]
    if maps.ndim != 3 and maps.size:
        raise ValueError(f'maps must have shape (K, h, w), found {maps.shape}')
    return maps if maps.size else np.zeros((0, 0, 0), np.float32)


def _dictionary(content: Any) -> dict:
    if not isinstance(content, dict):
        hint = ': format array reads that' if isinstance(content, np.ndarray) else ''
        raise ValueError(f'a dictionary is expected, found {type(content).__name__}{hint}')
    return dict(content)


def _numbered(content: Any) -> dict[int, Any]:
    """Read a dictionary whose keys are class numbers, possibly as text."""
    content = _dictionary(content)
    wrong = [key for key in content if _number(key) is None]
    if wrong:
        hint = ': format irn reads that' if 'keys' in content else ''
        raise ValueError(f'keys must be class numbers, found {_names(content)}{hint}')
    numbers = {_number(key): value for key, value in content.items()}
    if len(numbers) < len(content):
        raise ValueError(f'a class number occurs twice among the keys {_names(content)}')
    return numbers  # type: ignore[return-value]


def _number(key: Any) -> int | None:
    if isinstance(key, bool):
        return None
    if isinstance(key, int | np.integer) or (isinstance(key, str) and key.strip().isdecimal()):
        return int(key)
    return None


def _whole_numbers(values: Any) -> np.ndarray:
    array = np.asarray(values).reshape(-1)
    if array.dtype.kind not in 'iuf' and array.size:
        raise ValueError(f'keys must be class numbers, found {array[:5].tolist()}')
    if array.dtype.kind == 'f' and (array != array.round()).any():
        raise ValueError(f'keys must be whole numbers, found {array[:5].tolist()}')
    return array.astype(np.int64)


def _names(content: dict) -> list:
    return [str(key) if isinstance(key, str) else key for key in list(content)[:8]]
