"""Running a stage as a subprocess whose whole process group ends with it."""

import os
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

# torchrun ends its workers itself and gives them 30 s; only then is the group killed.
_GRACE = 40.0
_TAIL = 15


class Started(Protocol):
    """A running process: what is used here of :class:`subprocess.Popen`."""

    pid: int
    stdout: IO[str] | None
    returncode: int | Any

    def poll(self) -> int | None:
        """Exit code (negative for signals), None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code; ``TimeoutExpired`` after so many seconds."""


def start_process(
    command: Sequence[str], env: Mapping[str, str], keep_open: tuple[int, ...] = ()
) -> Started:
    """Start a command in a session of its own.

    Args:
        command: The command.
        env: Its environment.
        keep_open: File descriptors that the process inherits.

    Returns:
        The process; its ``stdout`` gives the lines of stdout and stderr.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        text=True,
        errors='replace',
        start_new_session=True,
        pass_fds=keep_open,
    )


def run_process(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    on_start: Callable[[int], None] | None = None,
    keep_open: tuple[int, ...] = (),
    grace: float = _GRACE,
    start: Callable[..., Started] = start_process,
) -> tuple[int, list[str]]:
    """Run a command to its end; its output goes to a log file, line by line.

    Args:
        command: The command.
        log: File that stdout and stderr are appended to.
        env: Its environment.
        on_line: Called with each line of output, from another thread.
        on_start: Called with the process's id.
        keep_open: File descriptors that the process inherits.
        grace: Seconds between asking a process group to end and killing it.
        start: Starts it, as :func:`start_process` does.

    Returns:
        ``(exit code, last lines of output)``.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=_TAIL)
    with open(log, 'ab', buffering=0) as file:
        file.write(f'$ {shlex.join(command)}\n'.encode())
        process = start(command, env, keep_open)
        reader = threading.Thread(
            target=_read, args=(process.stdout, file, tail, on_line), daemon=True
        )
        try:
            reader.start()
            if on_start is not None:
                on_start(process.pid)
            # Short waits, so that a signal is answered at once.
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
        finally:
            _end_group(process, grace)
            with suppress(RuntimeError):  # it has not begun
                reader.join(5)
    return process.returncode, list(tail)


def _read(pipe: IO[str], file: BinaryIO, tail: deque[str], on_line: Callable[[str], None]) -> None:
    """Read to the end, whatever becomes of the log: a process whose output nobody reads hangs."""
    logs = True
    for line in pipe:
        if logs:
            try:
                file.write(line.encode())
            except (OSError, ValueError) as error:  # a full disk; closed before a stray process is
                logs = False
                tail.append(f'(the log ends here, it could not be written: {error})')
        if line.strip():
            tail.append(line.rstrip())
            with suppress(OSError):  # the terminal is gone
                on_line(line)


def _end_group(process: Started, grace: float) -> None:
    """End the rest of a process group: first SIGTERM, then SIGKILL."""
    try:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace)
    finally:  # also where a second Ctrl-C cuts the wait short
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
