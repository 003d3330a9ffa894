"""``python -m mmwsss.torchrun``: ``torch.distributed.run``, whose last words are the error itself.

Takes the same options. Torch's own ends a failed run with each process's traceback, its own and a
summary that does not name the cause. Here processes leave what went wrong in a folder
(:func:`leave_failure`), and what the first of them left is printed once, after everything else.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: Environment variable that names the folder.
FAILURES = 'MMWSSS_FAILURES'


def torchrun_command(processes: int) -> list[str]:
    """Command that starts a script, which follows, in so many processes of this machine."""
    with socket.socket() as probe:  # a free port, so that two runs do not meet
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    return [
        *(sys.executable, '-m', 'mmwsss.torchrun', f'--nproc_per_node={processes}'),
        *('--master_addr=127.0.0.1', f'--master_port={port}'),
    ]


def leave_failure(text: str) -> bool:
    """Leave what went wrong for the launcher to print, in a process that this module started.

    Args:
        text: The message, or the traceback.

    Returns:
        Whether the launcher prints it; else nobody does.
    """
    folder = os.environ.get(FAILURES)
    if not folder or not Path(folder).is_dir():
        return False
    record = {'time': time.time(), 'text': text}
    path = Path(folder) / f'{os.environ.get("RANK", "0")}.json'
    partial = path.with_suffix('.part')
    try:
        partial.write_text(json.dumps(record), encoding='utf-8')
        partial.rename(path)
    except OSError:  # a full disk, say: then the process prints it itself
        return False
    return True


def last_words(folder: str | Path, exit_codes: Mapping[int, int], processes: int) -> str:
    """What is printed of a failed run.

    Args:
        folder: Where processes have left what went wrong.
        exit_codes: Exit code of each process that failed, by rank; negative for signals.
        processes: Number of all processes.
    """
    left = {
        int(path.stem): json.loads(path.read_text(encoding='utf-8'))
        for path in Path(folder).glob('*.json')
    }
    if left:
        rank = min(left, key=lambda r: left[r]['time'])
        text = left[rank]['text']
        if sum(record['text'] == text for record in left.values()) == processes:
            return f'error: {text}'
        return f'error in process {rank} of {processes}: {text}'
    # Processes that the launcher ended because another had failed come last.
    rank, code = min(exit_codes.items(), key=lambda item: (item[1] == -signal.SIGTERM, item[0]))
    how = f'ended with exit code {code}'
    if code < 0:
        how = f'was killed by {signal.Signals(-code).name}'
    if code == -signal.SIGKILL:
        how += ', probably for want of memory'
    return f'error: process {rank} of {processes} {how}; what it printed stands above'


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the processes and wait for them.

    Args:
        arguments: Options of ``torch.distributed.run``, a script and its options. Defaults to the
            command line.

    Returns:
        Exit status: 0 if all processes end well.
    """
    import torch
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    # It reports in a line each what is said at the end.
    logging.getLogger('torch.distributed.elastic.multiprocessing.api').setLevel(logging.CRITICAL)
    options = run.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix='mmwsss_failures_') as folder:
        os.environ[FAILURES] = folder
        try:
            run.run(options)
        except ChildFailedError as error:
            codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
            print(last_words(folder, codes, _processes(options)), file=sys.stderr)
            return 1
        except torch.distributed.DistError as error:
            print(
                f'error: no meeting point at {options.master_addr}:{options.master_port}: '
                f'{str(error).splitlines()[0].rstrip(".")}. Another job may use the port '
                '(PORT=N), or not all machines were started',
                file=sys.stderr,
            )
            return 1
        except SignalException as error:
            return 128 + error.sigval
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
    return 0


def _processes(options: Any) -> int:
    """Number of processes on all machines; their number a machine may be 'auto' or 'gpu'."""
    each = str(options.nproc_per_node)
    nodes = str(options.nnodes).rsplit(':', 1)[-1]
    return int(nodes) * int(each) if each.isdecimal() else int(nodes)


if __name__ == '__main__':
    sys.exit(main())
