"""Match the files of another project's folder to image ids."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mmwsss.stores.errors import StoreError

_PHOTO_SUFFIXES = ('.jpg', '.jpeg', '.png')


def find_files(
    folder: Path, suffix: str, to_id: Callable[[str], str] | None = None
) -> dict[str, Path]:
    """Find the files of a folder by image id.

    Args:
        folder: Searched with all folders in it; hidden files do not count.
        suffix: Suffix of the files, or the name of a file in a folder per image ('/metadata.csv').
            The suffix of a photo before it (``a.jpg.npy``) is dropped, too.
        to_id: Turns a path below the folder without suffix into an id.

    Raises:
        StoreError: No such folder, or two files have one id.
    """
    if not folder.is_dir():
        raise StoreError(f'{folder}: the folder does not exist')
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob('*')):
        fits = path.as_posix().lower().endswith(suffix) and not path.name.startswith('.')
        if not fits or not path.is_file():
            continue
        stem = path.relative_to(folder).as_posix()[: -len(suffix)]
        for photo in _PHOTO_SUFFIXES:
            if stem.lower().endswith(photo):
                stem = stem[: -len(photo)]
        id = to_id(stem) if to_id else stem
        if id in found:
            raise StoreError(
                f'{folder}: {found[id].relative_to(folder)} and {path.relative_to(folder)} are '
                f'both of image {id!r}: give the folder that holds the right ones'
            )
        found[id] = path
    return found


def match_ids(files: Mapping[str, Path], ids: Iterable[str]) -> dict[str, Path]:
    """Files of the images wanted; folders above a file count only where ids have folders."""
    paths = {id: files[id] for id in ids if id in files}
    if paths:
        return paths
    by_name: dict[str, list[Path]] = {}
    for id, path in files.items():
        by_name.setdefault(id.rsplit('/', 1)[-1], []).append(path)
    return {id: by_name[id][0] for id in ids if len(by_name.get(id, ())) == 1}


def describe_files(folder: Path) -> str:
    """What a folder holds instead of the files that were looked for, e.g. ``12 .jpg, 1 .txt``."""
    suffixes = Counter(
        path.suffix.lower() or 'without a suffix'
        for path in folder.rglob('*')
        if path.is_file() and not path.name.startswith('.')
    )
    most = sorted(suffixes.items(), key=lambda item: (-item[1], item[0]))[:5]
    return ', '.join(f'{number} {suffix}' for suffix, number in most) or 'none'
