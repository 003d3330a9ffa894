"""Base class of all kinds of store."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmwsss.stores.atomic import atomic_write_bytes, sync_folders
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.ledger import Ledger, stamp
from mmwsss.stores.locking import FolderLock
from mmwsss.stores.meta import StoreMeta
from mmwsss.stores.verification import BadEntry, verify_entries


class Store(ABC):
    """A folder with ``meta.json`` and one file per image.

    Args:
        folder: The store's folder.
        meta: Its record. Use :func:`open_store` or :func:`create_store`.
    """

    suffix: str

    def __init__(self, folder: str | Path, meta: StoreMeta) -> None:
        self.folder = Path(folder)
        self.meta = meta
        self.ledger = Ledger(folder)
        self._lock: FolderLock | None = None
        self._folders: set[Path] = set()  # those written to

    # What a kind defines ------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def is_entry(head: bytes) -> bool:
        """Whether a file with these first bytes can be an entry of this kind."""

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Encode an entry as file content."""

    @abstractmethod
    def decode(self, path: Path) -> Any:
        """Decode and check an entry. Any exception means that the entry is broken."""

    # Entries ------------------------------------------------------------------------

    def path(self, id: str) -> Path:
        """Path of an image id's file. Ids may contain ``/`` but may not leave the folder."""
        parts = PurePosixPath(id).parts
        if not id or id.startswith('/') or '..' in parts or '\\' in id:
            raise StoreError(
                f'{id!r} is no image id: a path below the image folder, without suffix'
            )
        return self.folder / f'{id}{self.suffix}'

    def write(self, id: str, value: Any) -> None:
        """Write one entry atomically, replacing an older one. Safe to call from several threads.

        The content is on the disk when this returns. Its name is, too, after :meth:`sync`: until
        then a power failure may cost the entry, never a part of it.

        Raises:
            StoreError: The value is of another kind, or links lead out of the store.
            FolderBusy: Another run writes to the store.
        """
        self.lock()
        try:
            data = self.encode(value)
        except ValueError as error:
            raise StoreError(f'{self.folder}: entry {id!r}: {error}') from error
        path = self.path(id)
        self._prepare(path.parent)
        atomic_write_bytes(path, data, sync_folder=False)
        if (found := stamp(path)) is not None:
            self.ledger.note({id: found})

    def _prepare(self, folder: Path) -> None:
        """Refuse to write through links below the store: listings do not follow them."""
        if folder in self._folders:
            return
        below = folder
        while below != self.folder:
            if below.is_symlink():
                raise StoreError(
                    f'{below}: is a link. The whole store may be one, a folder within it may not'
                )
            below = below.parent
        folder.mkdir(parents=True, exist_ok=True)
        self._folders.add(folder)

    # One run at a time --------------------------------------------------------------

    def lock(self, *, shared: bool = False) -> FolderLock:
        """Lock the store for this run until :meth:`close`; the first write does so, too.

        Args:
            shared: Join the run whose first process has called ``store.lock().share()``.

        Raises:
            FolderBusy: Another run writes to it.
        """
        if self._lock is None:
            self._lock = FolderLock(self.folder, shared=shared)
        return self._lock

    def sync(self) -> None:
        """Flush the directory entries of written files to disk."""
        sync_folders(sorted(self._folders))

    def close(self) -> None:
        """Release the lock, so that other runs can write."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def __del__(self) -> None:
        if getattr(self, '_lock', None) is not None:
            self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_lock': None}  # a copy in a worker does not hold it

    def __getitem__(self, id: str) -> Any:
        path = self.path(id)
        try:
            return self.decode(path)
        except FileNotFoundError:
            raise StoreError(
                f'{self.folder}: no {self.meta.kind} for image {id!r} ({path.name} is missing). '
                'Run the stage that makes the store again: it adds what is missing'
            ) from None
        except Exception as error:
            self.ledger.strike(id)
            raise StoreError(
                f'{path}: entry {id!r} is broken ({error}). Run the stage that makes the store '
                'again: it redoes broken entries'
            ) from error

    def __contains__(self, id: str) -> bool:
        return self.path(id).is_file()

    def __iter__(self) -> Iterator[str]:
        cut = len(self.suffix)
        found = (
            path.relative_to(self.folder).as_posix()[:-cut]
            for path in self.folder.rglob(f'*{self.suffix}')
            if not path.name.startswith('.')
        )
        return iter(sorted(found))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    # Checks -------------------------------------------------------------------------

    def verify(self, ids: Iterable[str] | None = None) -> list[BadEntry]:
        """Read all these entries in full, ignoring the ledger, and report the broken ones.

        Several processes read where there is much to read.

        Args:
            ids: What must be there. Defaults to all entries on disk.
        """
        return verify_entries(self, list(self if ids is None else ids))

    def pending(self, ids: Sequence[str]) -> list[str]:
        """Ids whose entries are missing or broken, in the order given.

        An entry that has not changed (size and times) since it was written or read in full is
        good. The others are read: those of a run that a power failure ended, what came from
        elsewhere, what was changed.
        """
        known, bad, unsure = self.ledger.read(), set(), {}
        folder = os.fspath(self.folder)
        for id in ids:
            found = stamp(f'{folder}/{id}{self.suffix}')
            if found is None:
                bad.add(id)
            elif known.get(id) != found:
                unsure[id] = found
        broken = {entry.id for entry in self.verify(unsure)} if unsure else set()
        if self._lock is not None:
            self.ledger.note({id: found for id, found in unsure.items() if id not in broken})
        bad |= broken
        return [id for id in ids if id in bad]

    def require(
        self,
        *,
        classes: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Raise an error if the store does not fit its reader.

        Args:
            classes: Foreground names that the consumer works with.
            ids: Images that the consumer will ask for.

        Raises:
            StoreMismatch: With both values in the message.
        """
        if classes is not None and tuple(classes) != self.meta.classes:
            raise StoreMismatch(
                f'{self.folder}: made for {_names(self.meta.classes)}, but here the classes are '
                f'{_names(tuple(classes))}. Use the store of this data set'
            )
        if self.meta.id_offset != 1 or self.meta.ignore_index != 255:
            raise StoreMismatch(
                f'{self.folder}: id offset {self.meta.id_offset} and ignore value '
                f'{self.meta.ignore_index} found, 1 and 255 expected'
            )
        if ids is not None:
            on_disk = set(self)
            missing = [id for id in ids if id not in on_disk]
            if missing:
                raise StoreMismatch(
                    f'{self.folder}: {len(missing)} of the {len(ids)} images asked for are not in '
                    f'it, e.g. {", ".join(missing[:5])} (it holds {len(on_disk)}, made for list '
                    f'{self.meta.list_hash}; this list is {hash_list(ids)}). Run the stage that '
                    'makes the store on this list'
                )


def _names(classes: tuple[str, ...]) -> str:
    shown = ', '.join(classes[:8]) + (', ...' if len(classes) > 8 else '')
    return f'{len(classes)} classes ({shown})'
