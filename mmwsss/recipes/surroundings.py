"""Environment of a run: variables, signals, and the lock on its folder."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmwsss.recipes.errors import Interrupted, PipelineError, RecipeError
from mmwsss.recipes.recipe import Recipe
from mmwsss.recipes.stage_folder import read_json

try:
    import fcntl
except ImportError:  # Windows: two pipelines in one folder are not noticed
    fcntl = None  # type: ignore[assignment]

_LOCK = '.pipeline.lock'


def resolve_variables(recipe: Recipe, given: Mapping[str, str]) -> dict[str, str]:
    """Resolve a recipe's variables: given values, else the environment, else defaults."""
    unknown = set(given) - set(recipe.variables)
    if unknown:
        raise RecipeError(
            f'--set {", ".join(sorted(unknown))}: the variables of {recipe.path} are '
            f'{", ".join(recipe.variables) or "none"}'
        )
    values = {
        name: given.get(name, os.environ.get(name, default))
        for name, default in recipe.variables.items()
    }
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise RecipeError(
            f'{recipe.path} needs {" ".join(f"--set {name}=..." for name in missing)}'
        )
    return {name: str(value) for name, value in values.items()}


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def lock_folder(folder: Path) -> Iterator[int | None]:
    """Lock a work directory against other pipelines.

    The running stage inherits the lock: should the pipeline be killed for good while its stage
    lives on, nobody else writes into the folder until that has ended too.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LOCK).open('a').close()
    except OSError as error:
        raise PipelineError(
            f'--work-dir {folder}: nothing can be written there ({error.strerror}). Choose another '
            'folder, or mend its permissions'
        ) from None
    if fcntl is None:
        yield None
        return
    with open(folder / _LOCK, 'a+', encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PipelineError(_who_holds(folder)) from None
        _write(file.fileno(), {'host': socket.gethostname(), 'pipeline': os.getpid()})
        yield file.fileno()


def note_stage(lock: int, name: str, process: int) -> None:
    """Write to the lock's file which process a stage runs in; it may outlive the pipeline.

    Args:
        lock: The open file of :func:`lock_folder`.
        name: Name of the stage.
        process: Id of its process.
    """
    record = json.loads(os.pread(lock, 1 << 12, 0))
    _write(lock, {**record, 'stage': name, 'process': process})


def find_holder(folder: Path) -> str:
    """Say who holds the lock on a work directory, and what to do; '' if nobody does."""
    if fcntl is None or not (folder / _LOCK).is_file():
        return ''
    with open(folder / _LOCK, encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _who_holds(folder)
    return ''


def _write(lock: int, record: Mapping[str, Any]) -> None:
    os.ftruncate(lock, 0)
    os.write(lock, json.dumps(record).encode())


def _who_holds(folder: Path) -> str:
    record = read_json(folder / _LOCK) or {}
    pipeline, process = (
        number if isinstance(number := record.get(key), int) else None
        for key in ('pipeline', 'process')
    )
    host = record.get('host')
    who = f'process {pipeline} on {host}' if pipeline else 'unknown process'
    text = f'{folder} is in use by another pipeline: {who}'
    if host != socket.gethostname() or _is_alive(pipeline):
        return text
    if _is_alive(process):
        return (
            f'{folder} is in use by stage {record.get("stage")}, which outlived its pipeline: '
            f'process {process} on {host}. Wait for it, or end it: kill {process}'
        )
    return f'{text}, which is gone, but not all that it started: fuser {folder / _LOCK}'


def _is_alive(process: int | None) -> bool:
    try:
        if process is not None:
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return process is not None


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM (a job's time limit) and SIGHUP (terminal closed) end a run as Ctrl-C does.

    Where SIGHUP is ignored, as under ``nohup``, it stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Interrupted

    names = [name for name in ('SIGTERM', 'SIGHUP') if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in (getattr(signal, n) for n in names)}
    before = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
