"""Resumable downloads whose content is checked."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from mmwsss.weights.catalogue import WeightFile

_BLOCK = 1 << 20


class DownloadError(Exception):
    """A file could not be downloaded; the message says why and what to do."""


def download(
    entry: WeightFile,
    target: str | Path,
    *,
    progress: Callable[[int, int | None], None] | None = None,
    timeout: float = 60.0,
) -> Path:
    """Get a published file.

    What has arrived is kept in ``<target>.part``; the next call asks the server for the rest. The
    file takes its name only after its size and hash have been found right.

    Args:
        entry: What to get.
        target: Where to put it. A file that is there and whole is left alone.
        progress: Called with the bytes that have arrived and those expected, if known.
        timeout: Seconds without an answer after which to stop.

    Returns:
        The target.

    Raises:
        DownloadError: No plain download is published, the server fails, or what came is not the
            published file.
    """
    target = Path(target)
    if target.exists():
        if problem := entry.problem(target):
            raise DownloadError(f'{problem}. Move it away, then download again')
        return target
    if entry.url is None:
        raise DownloadError(
            f'{entry.name}: no plain download is known. {entry.remarks or ""}'.strip()
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f'{target.name}.part')
    try:
        _fetch(entry.url, part, progress, timeout)
    except (OSError, ValueError) as error:  # URLError is an OSError
        raise DownloadError(
            f'{entry.url}: {error}. What has arrived is kept in {part}; the same command goes on '
            'there'
        ) from error
    if problem := entry.problem(part):
        part.unlink()
        raise DownloadError(f'{problem}. It was deleted')
    part.replace(target)
    return target


def _fetch(
    url: str, part: Path, progress: Callable[[int, int | None], None] | None, timeout: float
) -> None:
    """Append to ``part`` what it lacks."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={'Range': f'bytes={have}-'} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is missing; the check of the whole decides
            return
        raise
    with answer:
        if have and answer.status != 206:  # a server that cannot go on sends all of it again
            have = 0
        length = answer.headers.get('Content-Length')
        total = have + int(length) if length else None
        with open(part, 'ab' if have else 'wb') as file:
            while block := answer.read(_BLOCK):
                file.write(block)
                have += len(block)
                if progress:
                    progress(have, total)
    if total is not None and have < total:
        raise OSError(f'the connection ended after {have} of {total} bytes')
