"""The list of published weight files, and checks of a copy against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

_LIST = Path(__file__).with_name('files.yml')
_SUFFIXES = ('.pth', '.pt', '.params', '.safetensors')


@dataclass(frozen=True)
class WeightFile:
    """A file as its owner publishes it; what is not published is None.

    Args:
        name: Path below ``checkpoints/``, as configs name it.
        what: The network and what it was trained on.
        url: Where a plain download gets it.
        size: Bytes.
        sha256: Complete hash, 64 hex digits.
        sha256_prefix: Its first digits, where only these are published.
        md5: Complete hash, 32 hex digits.
        licence: In the owner's words.
        remarks: What else there is to know.
        made_from: Name of the published file that this one is converted from.
        convert: Kind for ``mmwsss convert``.
    """

    name: str
    what: str
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    sha256_prefix: str | None = None
    md5: str | None = None
    licence: str | None = None
    remarks: str | None = None
    made_from: str | None = None
    convert: str | None = None

    def problem(self, path: Path) -> str:
        """What is wrong with a copy of the file, or an empty text.

        The size is looked at first: it needs no reading.
        """
        found = path.stat().st_size
        if self.size is not None and found != self.size:
            return f'{path}: {found} bytes, published are {self.size}: get it again'
        for algorithm, expected in (
            ('sha256', self.sha256 or self.sha256_prefix),
            ('md5', self.md5),
        ):
            if expected is None:
                continue
            with open(path, 'rb') as file:
                digest = hashlib.new(algorithm, usedforsecurity=False)
                while block := file.read(1 << 20):
                    digest.update(block)
            if not digest.hexdigest().startswith(expected):
                return (
                    f'{path}: its {algorithm} is {digest.hexdigest()}, published is {expected}'
                    f'{"..." if expected == self.sha256_prefix else ""}: damaged, or another file'
                )
        return ''


@cache
def read_catalogue() -> dict[str, WeightFile]:
    """All files by name, in the order of the list."""
    entries = yaml.safe_load(_LIST.read_text(encoding='utf-8'))
    return {entry['name']: WeightFile(**entry) for entry in entries}


def find_weights(content: Any) -> Iterator[str]:
    """Yield the paths of weight files that a config names, each once, in order.

    Args:
        content: A config, or any part of one.
    """
    yield from dict.fromkeys(_walk(content))


def entries_of(path: str) -> list[WeightFile]:
    """Entries of a file, or of the files of a folder, by what a config calls it.

    Args:
        path: For example ``checkpoints/ViT-B-16.pt``; the folder in front does not count.
    """
    catalogue = read_catalogue()
    name = PurePosixPath(path).name
    if name in catalogue:
        return [catalogue[name]]
    return [entry for key, entry in catalogue.items() if key.startswith(f'{name}/')]


def _walk(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list | tuple):
        for value in content:
            yield from _walk(value)
    elif isinstance(content, str) and '\n' not in content:
        if '://' in content:  # weights that a package or a server brings
            return
        known = PurePosixPath(content).parent.name == 'checkpoints'
        if content.endswith(_SUFFIXES) or known:
            yield content
