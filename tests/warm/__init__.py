"""Command lines of Python that need not import the libraries again.

Four of the five seconds that a tool takes in a test are imports. Here a process forks from one that
has made those of other packages: everything else, ours included, is as with an own interpreter.
"""

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent


@contextmanager
def warm_interpreter(
    instead_of: str = sys.executable, ours: Path | None = HERE.parents[1]
) -> Iterator[str]:
    """An executable for ``sys.executable``'s place: scripts, ``-m`` and ``-c`` start warm.

    Args:
        instead_of: The interpreter whose place it takes.
        ours: Folder of our package, or ``None`` if that is installed there.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        address, python = Path(folder, 'socket'), Path(folder, 'python')
        client = [sys.executable, '-IS', HERE / 'client.py', address, instead_of]
        python.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, client))} "$@"\n')
        python.chmod(0o755)
        listener.bind(str(address))
        listener.listen()
        command = [instead_of, HERE / 'server.py', listener.fileno(), python]
        environment = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
        if ours is not None:
            environment['PYTHONPATH'] = str(ours)
        server = subprocess.Popen(
            list(map(str, command)),
            env=environment,
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
        yield str(python)
        server.stdin.close()
        server.wait()
