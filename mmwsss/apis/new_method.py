"""Write the repository of a new method: a package, its config and recipe, tests."""

from __future__ import annotations

import keyword
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template

from mmwsss.installed import find_part
from mmwsss.recipes.code import ReachableCode
from mmwsss.version import __version__

_TEMPLATES = Path(__file__).resolve().parents[1] / 'templates' / 'method'
#: Where each template goes.
FILES = {
    'pyproject.toml.tmpl': 'pyproject.toml',
    'README.md.tmpl': 'README.md',
    'gitignore.tmpl': '.gitignore',
    'init.py.tmpl': '$package/__init__.py',
    'method.py.tmpl': '$package/$package.py',
    'config.py.tmpl': 'configs/${package}_r18_shapes.py',
    'recipe.py.tmpl': 'configs/${package}_recipe.py',
    'test.py.tmpl': 'tests/test_$package.py',
}


def new_method(name: str, folder: str | Path | None = None) -> Path:
    """Write a repository that works as it is, for a method of one's own.

    Args:
        name: The method, as the name of its package: ``edge_cam``, whose class is ``EdgeCam``.
        folder: Folder to make. Defaults to the name, with ``-`` for ``_``, so that the folder is
            not taken for the package where Python looks for it from outside.

    Returns:
        The folder.

    Raises:
        ValueError: The name is none for a package, or it is taken.
        FileExistsError: The folder is there already.
    """
    _check_name(name)
    names = {'package': name, 'Class': class_name(name), 'version': __version__}
    target = Path(folder) if folder is not None else Path(name.replace('_', '-'))
    if target.exists():
        raise FileExistsError(f'{target} is there already: choose another folder')
    for template, place in FILES.items():
        path = target / Template(place).substitute(names)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (_TEMPLATES / template).read_text(encoding='utf-8')
        path.write_text(Template(text).substitute(names), encoding='utf-8')
    return target


def class_name(package: str) -> str:
    """Name of the class in a package: ``EdgeCam`` of ``edge_cam``."""
    return ''.join(part.capitalize() for part in package.split('_'))


def _check_name(name: str) -> None:
    if not re.fullmatch(r'[a-z][a-z0-9]*(_[a-z0-9]+)*', name) or keyword.iskeyword(name):
        words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+', name)
        better = '_'.join(words).lower()
        fits = re.fullmatch(r'[A-Za-z][A-Za-z0-9_ -]*', name) and not keyword.iskeyword(better)
        raise ValueError(
            f'{name!r} is no name for a Python package: lower-case letters, digits and single '
            f'underscores{f", for example {better!r}" if fits else ""}'
        )
    taken = {kind.lower() for kind in ReachableCode().registered()}
    published = {path.name for path in find_part('configs').iterdir() if path.is_dir()}
    if name in published or class_name(name).lower() in taken:
        raise ValueError(f'{name!r} is a method or a part of mmwsss already: choose another name')
    if find_spec(name) is not None:
        raise ValueError(f'a package {name!r} is installed already: choose another name')
