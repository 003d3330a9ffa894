"""Forks a process for each command line, with others' packages imported: ours it imports itself."""

import atexit
import fcntl
import gc
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

LIBRARIES = ('mmdet.models', 'mmpretrain.models', 'mmseg.models', 'mmseg.datasets', 'rich.console')


def serve(listener: socket.socket, python: Path) -> None:
    """From the first command on until the tests end, or are killed: that closes stdin."""
    if 0 in select.select([0, listener], [], [])[0]:
        return
    import mmwsss  # noqa: F401  (mmcv's stand-in)

    for name in LIBRARIES:
        import_module(name)
    import_module('formatting').leave_unformatted()
    import_module('flushing').leave_unflushed()
    gc.freeze()  # a collection of garbage would copy what the processes share
    # Ours is compiled once, whether or not the shell wants it beside the code.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(python.parent)
    while 0 not in select.select([0, listener], [], [])[0]:
        client, _ = listener.accept()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # the ended ones
        if not os.fork():
            try:
                listener.close()
                attend(client, python)
            finally:
                os._exit(1)
        client.close()


def attend(client: socket.socket, python: Path) -> None:
    """Run a client's command, pass its signals on and answer with the exit code."""
    size, files, _, _ = socket.recv_fds(client, 8, 32)
    call = client.recv(int.from_bytes(size, 'big'), socket.MSG_WAITALL)
    process = os.fork()
    if not process:
        client.close()
        run(files, *marshal.loads(call), python)
    for file in (0, 1, 2):
        os.close(file)
    for file in files:
        os.close(file)
    threading.Thread(target=pass_signals_on, args=(client, process), daemon=True).start()
    _, status = os.waitpid(process, 0)
    with suppress(OSError):
        client.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, 'big', signed=True))


def pass_signals_on(client: socket.socket, process: int) -> None:
    while number := client.recv(1):
        os.kill(process, number[0])
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError):
            kill(process, signal.SIGKILL)


def run(
    files: list, numbers: list, arguments: tuple, folder: str, environment: dict, python: Path
) -> None:
    """Become the interpreter that the client stands for; never returns."""
    os.setsid()
    aside = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 256) for file in files]
    for file in files:
        os.close(file)
    for number, file in zip(numbers, aside, strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if 'PYTHONUNBUFFERED' in environment:
        sys.stdout.reconfigure(write_through=True)
    import numpy

    numpy.random.seed()
    sys.executable = str(python)
    how, *rest = arguments
    first = '' if how == '-c' else folder if how == '-m' else str(Path(how).resolve().parent)
    ours = [entry for entry in environment.get('PYTHONPATH', '').split(os.pathsep) if entry]
    sys.path[:] = [first, *ours, *sys.path[2:]]
    try:
        if how == '-c':
            sys.argv = ['-c', *rest[1:]]
            exec(compile(rest[0], '<string>', 'exec'), vars(sys.modules['__main__']))
        elif how == '-m':
            sys.argv = list(rest)
            runpy.run_module(rest[0], run_name='__main__', alter_sys=True)
        else:
            sys.argv = list(arguments)
            runpy.run_path(how, run_name='__main__')
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if not isinstance(stop.code, int | None):
            print(stop.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == '__main__':
    serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))
