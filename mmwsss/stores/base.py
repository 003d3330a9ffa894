"""The part that all three kinds of store share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.hashing import hash_list
from mmwsss.stores.meta import StoreMeta


class BadEntry(NamedTuple):
    """An entry that cannot be used, and why."""

    id: str
    reason: str


class Store(ABC):
    """A folder with ``meta.json`` and one file an image.

    Args:
        folder: The store's folder.
        meta: Its record. Use :func:`open_store` or :func:`create_store`.
    """

    suffix: str

    def __init__(self, folder: str | Path, meta: StoreMeta) -> None:
        self.folder = Path(folder)
        self.meta = meta

    # What a kind defines ------------------------------------------------------------

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """File content of an entry."""

    @abstractmethod
    def decode(self, path: Path) -> Any:
        """Entry read from a file, checked. Any exception means that it is bad."""

    # Entries ------------------------------------------------------------------------

    def path(self, id: str) -> Path:
        """File of an image id. Ids may contain ``/`` but may not leave the folder."""
        parts = PurePosixPath(id).parts
        if not id or id.startswith('/') or '..' in parts or '\\' in id:
            raise StoreError(
                f'{id!r} is no image id: a path below the image folder, without suffix'
            )
        return self.folder / f'{id}{self.suffix}'

    def write(self, id: str, value: Any) -> None:
        """Write one entry atomically, replacing an older one."""
        try:
            data = self.encode(value)
        except ValueError as error:
            raise StoreError(f'{self.folder}: entry {id!r}: {error}') from error
        atomic_write_bytes(self.path(id), data)

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
        """Read entries and report those that cannot be used.

        Args:
            ids: What must be there. Defaults to all entries on disk.
        """
        bad = []
        for id in self if ids is None else ids:
            try:
                self.decode(self.path(id))
            except FileNotFoundError:
                bad.append(BadEntry(id, 'missing'))
            except Exception as error:
                bad.append(BadEntry(id, str(error) or type(error).__name__))
        return bad

    def pending(self, ids: Iterable[str]) -> list[str]:
        """Ids whose entries are missing or broken, in the order given."""
        return [entry.id for entry in self.verify(ids)]

    def require(
        self,
        *,
        classes: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Refuse a store that does not fit its consumer.

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
