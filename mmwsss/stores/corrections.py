"""Which masks of a store were corrected by hand: ``corrected.json`` in its folder."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmwsss.stores.atomic import atomic_write_bytes, atomic_write_json, final_name
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.meta import FILE_NAME as META
from mmwsss.stores.meta import StoreMeta
from mmwsss.stores.records import RecordError, read_record

FILE_NAME = 'corrected.json'
_VERSION = 1
_changing = threading.Lock()


class Corrections:
    """The record of masks that were corrected by hand.

    It holds, by id, the ``hash`` of the corrected file, the ``time`` of the import and the
    ``format`` that it came from, and the ``classes`` whose numbers the masks speak of.

    Args:
        folder: The store.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / FILE_NAME
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, dict[str, str]] = {}

    def __contains__(self, id: str) -> bool:
        return id in self.read()

    def read(self) -> dict[str, dict[str, str]]:
        """Records by id; empty where nothing was corrected.

        Raises:
            StoreError: The file is broken.
        """
        try:
            found = os.stat(self.path)
        except OSError:
            return {}
        stamp = found.st_mtime_ns, found.st_size
        if stamp != self._stamp:  # asked for at every write
            self._known, self._stamp = self._content()['entries'], stamp
        return self._known

    def _content(self) -> dict:
        required = {'schema_version': int, 'classes': [str], 'entries': {str: {str: str}}}
        try:
            content = read_record(self.path, required)
        except FileNotFoundError:
            return {'schema_version': _VERSION, 'classes': [], 'entries': {}}
        except RecordError as error:
            raise StoreError(
                f'{error}: mend or delete it; without it no mask counts as corrected'
            ) from None
        if content['schema_version'] != _VERSION:
            raise StoreError(
                f'{self.path}: version {content["schema_version"]}; this version of mmwsss reads '
                f'version {_VERSION}'
            )
        return content

    def require(self, meta: StoreMeta) -> None:
        """Refuse a store whose class numbers would give corrected masks another meaning.

        Raises:
            StoreMismatch: It is no mask store, or of other classes.
        """
        if not self.read():
            return
        classes = tuple(self._content()['classes'])
        if meta.kind != 'masks' or classes != meta.classes:
            raise StoreMismatch(
                f'{self.path.parent}: {len(self.read())} masks in it were corrected by hand for '
                f'the classes {", ".join(classes[:8])}; the new store is of {meta.kind} of '
                f'{", ".join(meta.classes[:8])}. Move the folder away to make it anew'
            )

    def add(self, hashes: Mapping[str, str], source: str, classes: Sequence[str]) -> None:
        """Record corrected masks. The caller holds the store's lock.

        Args:
            hashes: Hash of each file by id.
            source: Format that they come from.
            classes: The store's.
        """
        now = time.strftime('%Y-%m-%dT%H:%M:%S%z')
        with _changing:
            entries = dict(self._content()['entries'])
            entries |= {i: {'hash': h, 'time': now, 'format': source} for i, h in hashes.items()}
            self._write(entries, classes)

    def drop(self, id: str) -> None:
        """Forget a correction, whose file is gone."""
        with _changing:
            content = self._content()
            content['entries'].pop(id, None)
            self._write(content['entries'], content['classes'])

    def _write(self, entries: Mapping[str, Mapping[str, str]], classes: Sequence[str]) -> None:
        record = {'schema_version': _VERSION, 'classes': list(classes), 'entries': entries}
        atomic_write_json(self.path, record)
        self._stamp = None

    def is_alone(self) -> bool:
        """Whether the folder holds corrected masks that were carried over, and nothing else yet."""
        folder = self.path.parent
        if not self.path.is_file() or (folder / META).exists():
            return False
        known = {f'{id}.png' for id in self.read()} | {FILE_NAME, '.lock'}
        for below, _, names in os.walk(folder):
            for name in names:
                relative = Path(below, name).relative_to(folder)
                final = final_name(name)
                whole = relative.with_name(final) if final else relative
                if whole.as_posix() not in {*known, META}:
                    return False
        return True

    def carry_over(self, target: str | Path) -> list[str]:
        """Copy corrected masks into the folder of a store that is about to be made.

        Doing it again after a kill completes it.

        Args:
            target: The folder.

        Returns:
            Ids of what was copied.
        """
        target, entries = Path(target), self.read()
        there = {id: self.path.parent / f'{id}.png' for id in entries}
        there = {id: path for id, path in there.items() if path.is_file()}
        if not there:
            return []
        content = self._content()
        Corrections(target)._write({id: entries[id] for id in there}, content['classes'])
        for id, path in there.items():
            atomic_write_bytes(target / f'{id}.png', path.read_bytes())
        return sorted(there)
