"""A warm process that starts stages: what takes most of a small stage's time is imported once.

The process imports torch and the mm packages and forks for each stage. A stage stays a process of
its own, with its own session, output, working directory, exit code and signals, and begins in the
state that a new interpreter is in after these imports.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import IO

from mmwsss.recipes.process import Started, start_process
from mmwsss.recipes.source import python_files

#: What takes long in the imports of ``train.py`` and ``test.py``, and mmseg's networks.
MODULES = ('mmwsss.engine.testing', 'mmwsss.visualization.showing', 'mmseg.models')
_BORN, _ENDED, _GO = b'born', b'ended', b'go'
_PACKAGE = Path(__file__).resolve().parents[1]
# Without the working directory, where any module may lie.
_SERVER = (
    'import sys; sys.path[:] = filter(None, sys.path); '
    'from mmwsss.recipes.warm import serve; serve(int(sys.argv[1]), sys.argv[2:])'
)


class WarmStarts:
    """Starts scripts as forks of a warm process where that is safe, and else afresh.

    A context: the warm process begins with the first stage and ends with the context; a stage with
    other variables, another working directory or newer code of ours gets a new one. Afresh start
    what is no single Python process (launchers), stages on a GPU (whose driver survives no fork),
    and everything outside Linux or after a trouble of the warm process.
    """

    def __init__(self) -> None:
        self._usable = sys.platform == 'linux'
        self._server: subprocess.Popen | None = None
        self._last = 0  # process of the stage before
        self._born: tuple = ()

    def __enter__(self) -> WarmStarts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def start(
        self, command: Sequence[str], env: Mapping[str, str], keep_open: tuple[int, ...] = ()
    ) -> Started:
        """Start a command; arguments and result are those of :func:`start_process`."""
        if self._usable and list(command[:2]) == [sys.executable, '-u'] and _on_cpu():
            try:
                return self._fork(command[2:], env, keep_open)
            except OSError:  # it ended, or there is no memory for it
                self._usable = False
                self._end()
        return start_process(command, env, keep_open)

    def _fork(
        self, script: Sequence[str], env: Mapping[str, str], keep_open: tuple[int, ...]
    ) -> Started:
        born = (dict(env), os.getcwd(), _code())
        if self._born != born:
            self._end()
            self._begin(env)
            self._born = born
        self._socket.settimeout(None)
        read, write = os.pipe()
        output = os.fdopen(read, errors='replace')
        try:
            with os.fdopen(write, 'w'):
                request = json.dumps(list(script)).encode()
                socket.send_fds(self._socket, [request], [write, *keep_open])
            while (said := _receive(self._socket).split())[0] != _BORN:
                if int(said[1]) != self._last:
                    raise ChildProcessError('killed before it began')
            self._last = int(said[1])
            self._socket.send(_GO)  # it begins no sooner than somebody looks after it
        except BaseException:
            output.close()
            self._end()
            raise
        return _Forked(self._last, output, self._socket)

    def _begin(self, env: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, '-u', '-c', _SERVER, str(theirs.fileno()), *MODULES]
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(env),
                start_new_session=True,
                pass_fds=(theirs.fileno(),),
            )

    def _end(self) -> None:
        """End the warm process; a stage that waits to begin ends with it."""
        if self._server is not None:
            self._socket.close()
            self._server.kill()
            self._server.wait()
            self._server, self._born = None, ()


class _Forked:
    """A process that is the warm process's child, as a ``Popen``."""

    def __init__(self, pid: int, stdout: IO[str], parent: socket.socket) -> None:
        self.pid, self._parent = pid, parent
        self.stdout: IO[str] | None = stdout
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired('stage', timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._parent.settimeout(timeout)
            try:
                # It is left there: an interruption just now would lose it.
                self.returncode = int(_receive(self._parent, socket.MSG_PEEK).split()[2])
            except (BlockingIOError, TimeoutError):
                pass
            except OSError:  # killed, most likely for want of memory: nobody waits for its child
                self.returncode = -signal.SIGKILL
        return self.returncode


def _receive(channel: socket.socket, flags: int = 0) -> bytes:
    said = channel.recv(1 << 10, flags)
    if not said:
        raise ConnectionError('the warm process has ended')
    return said


def _on_cpu() -> bool:
    from mmengine.device import get_device  # torch, which plans do without

    return get_device() == 'cpu'


def _code() -> dict[str, int]:
    """When each file of ours was changed: a process that has imported an older one is replaced."""
    return {file.path: file.changed for file in python_files(_PACKAGE)}


# In the warm process ------------------------------------------------------------------


def serve(channel: int, modules: Sequence[str]) -> None:
    """Import modules, then fork for each request until the other end of a socket is closed.

    Args:
        channel: File descriptor of the socket.
        modules: Names of the modules.
    """
    for name in modules:
        import_module(name)
    gc.collect()
    gc.freeze()  # else a collection in any child would write to all pages, which they share
    with socket.socket(fileno=channel) as requests:
        if not _is_alone():
            return
        while True:
            message, fds, *_ = socket.recv_fds(requests, 1 << 16, 8)
            if not message:
                return
            if message == _GO:  # whom it was for was killed
                continue
            child = os.fork()
            if not child:
                break
            for fd in fds:
                os.close(fd)
            _, status = os.waitpid(child, 0)
            requests.send(b'%s %d %d' % (_ENDED, child, os.waitstatus_to_exitcode(status)))
        os.setsid()
        requests.send(b'%s %d' % (_BORN, os.getpid()))
        _receive(requests)
    _run(json.loads(message), fds[0])


def _is_alone() -> bool:
    """Whether no other thread is left after a fork; libraries of algebra end theirs by themselves.

    What a thread holds when its process forks stays locked in the child.
    """
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)
    return len(os.listdir('/proc/self/task')) == 1


def _run(command: list[str], output: int) -> None:
    """Become a script, as if an interpreter had just been started with it."""
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).resolve().parent))
    # As `random` does by itself: else all stages without a seed would draw the same numbers.
    if 'numpy' in sys.modules:
        sys.modules['numpy'].random.seed()
    if 'torch' in sys.modules:
        sys.modules['torch'].default_generator.seed()
    runpy.run_path(command[0], run_name='__main__')
