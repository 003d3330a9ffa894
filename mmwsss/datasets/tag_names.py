"""Match image names in tag files with the existing photos."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote

from mmwsss.datasets.listing import composed, strip_suffix

_UPLOAD = re.compile(r'^[0-9a-f]{8}-')


def resolve_names(
    names: Sequence[str], images: Collection[str] | None
) -> tuple[list[str], list[str]]:
    """Turn names as written into image ids, with remarks.

    ``./`` is dropped, backslashes are slashes. Where none of the names is a photo as it stands, the
    folders that all of them share are dropped (``images/a.jpg``, ``C:/data/images/a.jpg``), or what
    Label Studio adds to uploaded files (``/data/upload/1/0a1b2c3d-a.jpg``), if that gives photos.

    Args:
        names: As written.
        images: Ids of the photos; None where they are not known.
    """
    plain = [_plain(name) for name in names]
    if images and any(name not in images for name in plain):  # tables lose blanks at the ends
        blanks = {i.strip(): i for i in images if i != i.strip()}
        plain = [name if name in images else blanks.get(name, name) for name in plain]
    if not images or any(name in images for name in plain) or not plain:
        return plain, []
    best: tuple[int, list[str], str] = (0, plain, '')
    parts = [name.split('/') for name in plain]
    for depth in range(1, min(map(len, parts))):
        prefix = parts[0][:depth]
        if any(part[:depth] != prefix for part in parts):
            break
        cut = ['/'.join(part[depth:]) for part in parts]
        best = max(best, _rated(cut, images, f'without {"/".join(prefix)}/'), key=lambda x: x[0])
    uploads = [_upload(name) for name in names]
    if len(set(uploads)) == len(set(plain)):
        best = max(best, _rated(uploads, images, "without Label Studio's prefix"),
                   key=lambda x: x[0])  # fmt: skip
    if 2 * best[0] <= len(plain):
        return plain, []
    return best[1], [f'names of images are read {best[2]}']


def _rated(names: list[str], images: Collection[str], how: str) -> tuple[int, list[str], str]:
    return sum(name in images for name in names), names, how


def _plain(name: str) -> str:
    name = composed(name.strip().replace('\\', '/'))
    while name.startswith('./'):
        name = name[2:]
    return strip_suffix(name)


def _upload(name: str) -> str:
    name = unquote(name.rsplit('?d=', 1)[-1]).replace('\\', '/').rsplit('/', 1)[-1]
    return strip_suffix(composed(_UPLOAD.sub('', name)))
