"""Lock a folder for one writer; a second writer is refused and told who holds the lock."""

import json
import os
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmwsss.stores.errors import FolderBusy

try:
    import fcntl
except ImportError:  # Windows: there is no locking
    fcntl = None  # type: ignore[assignment]

_PATIENCE = 3.0  # seconds to wait for a killed process to release its lock
_guard = threading.RLock()
_held: dict[str, '_LockFile'] = {}


class FolderLock:
    """Lock that marks a folder as being written, until it is released or the process ends.

    The lock is the system's (``flock``), so that a killed process leaves none behind. Its file
    ``.<name>.lock`` lies beside the folder, names the holder, and goes when the lock does. A
    process may take a lock several times; processes that fork from it do not hold it.

    Args:
        folder: The folder. Links to it are followed: the lock is that of the folder itself.
        shared: Join the processes of one run, the first of which has taken the lock and called
            :meth:`share`.

    Raises:
        FolderBusy: Another run holds it. Names the process, its command and its start.

    Example:
        >>> with FolderLock('work_dirs/demo'):
        ...     train()
    """

    def __init__(self, folder: str | Path, *, shared: bool = False) -> None:
        self.folder = Path(folder)
        self._key = os.path.realpath(folder)
        with _guard:
            self._file: _LockFile | None = _held.get(self._key)
            if self._file is None:
                self._file = _held[self._key] = _LockFile(self.folder, self._key, shared)
            elif self._file.shared and not shared:
                self._file.take(shared=False)
            self._file.users += 1

    def share(self) -> None:
        """Share the lock with the other processes of this run; other runs stay locked out."""
        if self._file is not None:
            self._file.take(shared=True)

    def release(self) -> None:
        """Release the lock. Does nothing the second time or in a forked process."""
        file, self._file = self._file, None
        if file is None:
            return
        with _guard:
            file.users -= 1
            if not file.users and _held.get(self._key) is file:
                del _held[self._key]
                file.close()

    def __enter__(self) -> 'FolderLock':
        return self

    def __exit__(self, *_: Any) -> None:
        self.release()


class _LockFile:
    """The open file that carries a process's lock on one folder."""

    def __init__(self, folder: Path, real: str, shared: bool) -> None:
        self.folder, self.shared, self.users = folder, shared, 0
        parent, name = os.path.split(real)
        self.path = os.path.join(parent, f'.{name}.lock')
        self.descriptor: int | None = None
        if fcntl is None:
            return
        while True:
            self.descriptor = self._open(real)
            if self.descriptor is None:
                return
            try:
                self.take(shared)
            except FolderBusy:
                os.close(self.descriptor)
                raise
            # Whoever held it before may have deleted the file between our two steps.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self.descriptor), os.stat(self.path)):
                    break
            os.close(self.descriptor)
        if not shared:
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, json.dumps(_me()).encode(), 0)

    def _open(self, real: str) -> int | None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o666)
        except PermissionError:  # a folder of others: the lock goes into ours
            self.path = os.path.join(real, '.lock')
            return os.open(self.path, flags, 0o666)

    def take(self, shared: bool) -> None:
        if self.descriptor is None:
            return
        kind, deadline = fcntl.LOCK_SH if shared else fcntl.LOCK_EX, time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FolderBusy(
                        f'{self.folder}: {_holder(self.path)} is writing to it. Wait until that '
                        'has ended (or end it), or choose another folder'
                    ) from None
                time.sleep(0.05)
            except OSError as error:
                warnings.warn(
                    f'{self.folder}: this file system has no locks ({error}): see to it that no '
                    'second run writes there',
                    stacklevel=2,
                )
                break
            else:
                break
        self.shared = shared

    def close(self) -> None:
        if self.descriptor is None:
            return
        with suppress(OSError):  # others of our run may still share it
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(self.path)
        os.close(self.descriptor)


def _me() -> dict[str, Any]:
    return {
        'process': os.getpid(),
        'host': socket.gethostname(),
        'since': time.strftime('%Y-%m-%d %H:%M:%S'),
        'command': ' '.join(sys.argv)[:200],
    }


def _holder(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            found = json.loads(file.read(4096))
        return (
            f'process {found["process"]} on {found["host"]} '
            f'(since {found["since"]}: {found["command"]})'
        )
    except (OSError, ValueError, KeyError, TypeError):
        return 'another process'


def _after_fork() -> None:
    """Drop the lock in a forked child: a worker that outlives its parent must not hold it."""
    global _guard
    _guard = threading.RLock()
    for file in _held.values():
        if file.descriptor is not None:
            os.close(file.descriptor)
            file.descriptor = None
    _held.clear()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork)
