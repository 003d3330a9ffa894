"""Short content hashes that name lists, files and configs in records."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

_DIGITS = 16


def hash_text(text: str) -> str:
    """First 16 hex digits of the SHA-256 of a text."""
    return hash_bytes(text.encode())


def hash_bytes(data: bytes) -> str:
    """First 16 hex digits of the SHA-256 of bytes; of a file's content, :func:`hash_file`'s."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def hash_list(ids: Iterable[str]) -> str:
    """Hash of a list of image ids; the order counts."""
    return hash_text('\n'.join(ids))


def hash_file(path: str | Path) -> str:
    """First 16 hex digits of the SHA-256 of a file's content."""
    with open(path, 'rb') as file:
        digest = hashlib.file_digest(file, 'sha256') if hasattr(hashlib, 'file_digest') else None
        if digest is None:  # Python 3.10
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:_DIGITS]
