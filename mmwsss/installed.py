"""Where the parts that are no Python package lie: configs and tools, of a clone or of a wheel."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
#: What mim-style packages call the folder of their configs and tools.
MIM = '.mim'


def find_part(name: str) -> Path:
    """Folder ``configs``, ``tools`` or ``projects``.

    Args:
        name: Name of the folder.

    Raises:
        FileNotFoundError: Neither a clone nor a wheel has it.
    """
    candidates = (_PACKAGE.parent / name, _PACKAGE / MIM / name)
    for folder in candidates:
        if folder.is_dir() and (folder.parent / 'model-index.yml').is_file():
            return folder
    raise FileNotFoundError(
        f'{name} found neither in {candidates[0].parent} nor in {candidates[1].parent}: the '
        'installation is not complete, install mmwsss again'
    )


def find_config(config: str | Path) -> Path:
    """Path of a config: a file, or ``PACKAGE::FOLDER/NAME.py`` of an installed package.

    Args:
        config: For example ``configs/cam/cam_r18_shapes.py`` or
            ``mmwsss::cam/cam_r18_shapes.py``.

    Raises:
        FileNotFoundError: The package or its config is not there.
    """
    text = str(config)
    if '::' not in text:
        return Path(config)
    package, _, name = text.partition('::')
    if package == 'mmwsss':
        folder = find_part('configs')
    else:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f'{text}: no package {package} is installed')
        folder = Path(spec.origin).parent / MIM / 'configs'
    path = folder / name
    if not path.is_file():
        raise FileNotFoundError(f'{text}: no file {path}')
    return path
