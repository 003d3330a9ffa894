"""Environment of a run: variables, signals, and the lock on its folder."""

import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mmwsss.recipes.errors import Interrupted, PipelineError, RecipeError
from mmwsss.recipes.recipe import Recipe

try:
    import fcntl
except ImportError:  # Windows: two pipelines in one folder are not noticed
    fcntl = None  # type: ignore[assignment]


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
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield None
        return
    path = folder / '.pipeline.lock'
    with open(path, 'a+', encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise PipelineError(
                f'{folder} is in use by another pipeline, or by a stage that outlived it: '
                f'{file.read().strip() or "unknown process"}'
            ) from None
        file.truncate(0)
        file.write(f'process {os.getpid()} on {socket.gethostname()}')
        file.flush()
        yield file.fileno()


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
