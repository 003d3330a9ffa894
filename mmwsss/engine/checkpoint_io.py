"""Read checkpoints without running code in them, and write files atomically.

Importing this module makes every loader of mmengine's ``CheckpointLoader`` read weights only, on
every torch. :func:`trust_checkpoints` lifts that, and only the option ``--trust-checkpoint`` of the
tools calls it.
"""

from __future__ import annotations

import functools
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.error import URLError

from mmengine.fileio import LocalBackend, register_backend
from mmengine.runner import CheckpointLoader

from mmwsss.engine.errors import StageFailed
from mmwsss.engine.plain import from_plain
from mmwsss.stores.atomic import atomic_write_bytes
from mmwsss.weights import WeightsError, package_loader, read_weights_file  # noqa: F401

_trusted = False
_NOT_ABOUT_THE_CONTENT = (
    FileNotFoundError,
    PermissionError,
    ConnectionError,
    TimeoutError,
    URLError,
    ImportError,
    WeightsError,  # says itself what the file is
)


class CheckpointError(StageFailed):
    """A checkpoint is truncated, or holds more than weights and plain data."""


def trust_checkpoints(trusted: bool = True) -> None:
    """Allow full unpickling of checkpoints, which can run arbitrary code."""
    global _trusted
    _trusted = trusted


def load_from_local(filename: str, map_location: Any = 'cpu') -> dict:
    """Read a checkpoint file: weights and plain data only, unless checkpoints are trusted.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is truncated or corrupt, or would have to run code to be read.
        WeightsError: It is a web page or a Git LFS pointer.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    if zipfile.is_zipfile(path):  # torch does not compare the sums that it saved
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise CheckpointError(
                f'checkpoint {path} is damaged: {damaged} in it has another checksum than when it '
                'was saved. Copy or download it again.'
            )
    return read_weights_file(path, map_location, weights_only=not _trusted)


@contextmanager
def _weights_only() -> Iterator[None]:
    """Context in which every ``torch.load`` reads weights only."""
    switches = {'TORCH_FORCE_WEIGHTS_ONLY_LOAD': '1', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD': '0'}
    before = {name: os.environ.get(name) for name in switches}
    os.environ.update(switches)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _safe(loader: Callable) -> Callable:
    """Wrap a loader of mmengine: weights only, clear errors, plain data converted back."""

    @functools.wraps(loader)
    def load(filename: str, map_location: Any = None, **kwargs: Any) -> dict:
        try:
            with nullcontext() if _trusted else _weights_only():
                loaded = from_plain(loader(filename, map_location, **kwargs))
        except (*_NOT_ABOUT_THE_CONTENT, CheckpointError):
            raise
        except Exception as error:  # a damaged file can raise anything
            foreign = re.search(r'nsupported (?:global: )?(?:GLOBAL|class) ([\w.]+)', str(error))
            if foreign:
                raise CheckpointError(
                    f'checkpoint {filename} holds a {foreign[1]}, and only weights and plain data '
                    'are read, because unpickling anything else can run code. If you trust where '
                    'the file comes from, give the same command with --trust-checkpoint.'
                ) from error
            reason = str(error).rsplit('WeightsUnpickler error:', 1)[-1].strip().split('\n')[0]
            raise CheckpointError(
                f'checkpoint {filename} cannot be read: it is truncated, corrupt or none of torch '
                f'({reason:.200}). Copy or download it again; a training run goes on from its '
                'newest readable checkpoint with --resume.'
            ) from error
        if not isinstance(loaded, dict):
            raise CheckpointError(
                f'checkpoint {filename} holds a {type(loaded).__name__}, and weights by name are '
                'expected: a state dict, or a dictionary with one under state_dict.'
            )
        return loaded

    vars(load)['_safe'] = True
    return load


def register_loaders() -> None:
    """Replace mmengine's checkpoint loaders by the safe ones. Idempotent."""
    schemes = {**CheckpointLoader._schemes, '': load_from_local}
    for prefix, loader in schemes.items():
        if not hasattr(CheckpointLoader._schemes[prefix], '_safe'):
            CheckpointLoader.register_scheme(prefix, _safe(loader), force=True)


def load_checkpoint(filename: str | Path, map_location: Any = 'cpu') -> dict:
    """Read a checkpoint from a file or URL, undoing what the hook did to make it plain data."""
    return CheckpointLoader.load_checkpoint(str(filename), map_location, logger='silent')


def find_resumable(work_dir: str | Path) -> tuple[Path | None, list[str]]:
    """Find the newest checkpoint of a training run that can be read in full.

    ``last_checkpoint`` comes first; where it or its file is missing or broken, the other
    checkpoints follow, newest first.

    Args:
        work_dir: The run's folder.

    Returns:
        The file, or None where there is nothing to resume from, and what is wrong with each file
        that was passed over.
    """
    work_dir, passed_over = Path(work_dir), []
    pointer = work_dir / 'last_checkpoint'
    last = _read_pointer(pointer) if pointer.is_file() else Path()
    if pointer.is_file() and pointer.stat().st_size and not last.name:
        passed_over.append(f'{pointer} names no file.')
    folders = dict.fromkeys([work_dir, last.parent if last.name else work_dir])
    files = [file for folder in folders for file in folder.glob('*.pth') if file.is_file()]
    files.sort(key=lambda file: (file.name == last.name, file.stat().st_mtime), reverse=True)
    for file in files:
        try:
            checkpoint = load_checkpoint(file)
        except (CheckpointError, WeightsError, PermissionError) as error:
            passed_over.append(str(error))
            continue
        if 'optimizer' in checkpoint:  # best and published checkpoints have none
            return file, passed_over
    return None, passed_over


def newest_in(checkpoint: str | Path | None) -> str | Path | None:
    """The newest checkpoint where a training's folder is given, else what is given.

    Raises:
        FileNotFoundError: No training wrote to the folder.
    """
    if checkpoint is None or not Path(checkpoint).is_dir():
        return checkpoint
    pointer = Path(checkpoint) / 'last_checkpoint'
    if not pointer.is_file():
        raise FileNotFoundError(
            f'{checkpoint}: no folder of a training, for it has no {pointer.name}'
        )
    return Path(checkpoint) / _read_pointer(pointer).name  # it may have been moved


def _read_pointer(pointer: Path) -> Path:
    """Return the file that ``last_checkpoint`` names, or an empty path if it is invalid."""
    text = pointer.read_bytes()[:4096].decode(errors='replace').strip()
    usable = text.isprintable() and text.endswith('.pth') and '\ufffd' not in text
    return Path(text) if usable else Path()


class AtomicBackend(LocalBackend):
    """mmengine's local file backend with atomic writes (a temporary file, then renamed)."""

    NAME = 'mmwsss.atomic'

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; an older file stays until the new one is complete."""
        atomic_write_bytes(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text; an older file stays until the new one is complete."""
        atomic_write_bytes(filepath, obj.encode(encoding))


register_backend(AtomicBackend.NAME, AtomicBackend, force=True)
register_loaders()
