"""Remember which entries of a store were found valid, so that they need not be read again."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

_BEGIN, _END = '# begin ', '# end'


#: What changes when a file does: bytes, time of content and time of change in ns. A plain tuple,
#: because Python's garbage collector forgets those; a store has as many as images.
Stamp = tuple[int, int, int]


def stamp(path: str | Path) -> Stamp | None:
    """Size and times of a file; None if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Ledger:
    """File with the stamps of entries that were written or read in full, one line each.

    It only saves time: without it, or where a line is torn, an entry is read again. Lines are
    appended, the last one counts, and several processes may append at once. Notes of a run that did
    not end count only on the same machine and until its next restart: a power failure can spoil
    contents without changing sizes and times.

    Args:
        folder: The store. The file ``.<name>.written`` lies beside it.
    """

    def __init__(self, folder: str | Path) -> None:
        parent, name = os.path.split(os.path.realpath(folder))
        self.path = os.path.join(parent, f'.{name}.written')
        self._begun = False

    def read(self) -> dict[str, Stamp]:
        """Read the stamp of each entry that is known to be valid."""
        known: dict[str, Stamp] = {}
        begun = None
        try:
            with open(self.path, encoding='utf-8', newline='\n') as file:
                for line in file:
                    if line.startswith(_BEGIN):
                        begun = line[len(_BEGIN) : -1]
                    elif line.startswith(_END):
                        begun = None
                    else:
                        size, mtime, ctime, id = line.split(' ', 3)
                        known[id[:-1]] = int(size), int(mtime), int(ctime)
        except (OSError, ValueError):  # torn or foreign: ignore all of it
            return {}
        return known if begun in (None, _BOOT) else {}

    def begin(self) -> None:
        """Drop records that cannot be trusted, before a run writes."""
        if os.path.exists(self.path) and not self.read():
            self.clear()

    def end(self) -> None:
        """Record that the run has ended and that everything it wrote is on disk."""
        if self._begun:
            self._append(f'{_END}\n')
            self._begun = False

    def note(self, entries: dict[str, Stamp]) -> None:
        """Record entries as valid in their present state."""
        lines = (f'{s[0]} {s[1]} {s[2]} {id}\n' for id, s in entries.items())
        text = ''.join(line for line in lines if line.count('\n') == 1)
        if text:
            self._append(text if self._begun else f'{_BEGIN}{_BOOT}\n{text}')
            self._begun = True

    def strike(self, id: str) -> None:
        """Remove a broken entry from the ledger, so that the next writer checks it again."""
        if os.path.exists(self.path):
            self._append(f'-1 0 0 {id}\n')

    def clear(self) -> None:
        """Remove all records."""
        self._begun = False
        with suppress(OSError):
            os.unlink(self.path)

    def _append(self, text: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0)
        with suppress(OSError):  # it saves time, no more
            descriptor = os.open(self.path, flags, 0o666)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)


def _boot() -> str:
    """Identify the machine and its last boot."""
    try:
        return Path('/proc/sys/kernel/random/boot_id').read_text().strip()
    except OSError:  # not Linux: a run that did not end is never believed
        return secrets.token_hex(8)


_BOOT = _boot()
