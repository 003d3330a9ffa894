"""Explain common errors in one line."""

from __future__ import annotations

import errno
import linecache
import re
import sysconfig
import traceback
from pathlib import Path

import torch
from mmengine.config.config import __file__ as config_file
from torch.nn.parallel import DistributedDataParallel

from mmwsss.compat import MissingOpError
from mmwsss.config import ConfigError
from mmwsss.datasets.errors import DataError
from mmwsss.engine.errors import StageFailed
from mmwsss.engine.workers import ADVICE
from mmwsss.stores import StoreError
from mmwsss.weights import WeightsError

_EXPLAINED = (ConfigError, StageFailed, DataError, StoreError, MissingOpError, WeightsError)
_HINTS = {
    errno.ENOSPC: 'the disk is full: make room; what is finished is kept',
    errno.EDQUOT: 'the quota is used up: make room; what is finished is kept',
    errno.EROFS: 'the disk is read-only: choose another --work-dir',
    errno.EACCES: 'no permission: mend it, or choose another place',
    errno.EPERM: 'no permission: mend it, or choose another place',
    errno.EMFILE: 'too many open files: raise the limit (ulimit -n 65536), or fewer num_workers',
}
_MM = ('mmengine', 'mmcv', 'mmseg', 'mmpretrain', 'mmdet')
_NAME = re.compile(r"'?[\w.-]+'?")
# Python's own modules, and what is installed.
_PYTHON = {Path(sysconfig.get_path(name)).resolve() for name in ('stdlib', 'purelib', 'platlib')}
_FRAME = re.compile(r'File "(.+?)", line (\d+)')
# Python's error for an unknown option in a config: the mm packages pass all options on.
_ARGUMENTS = re.compile(r'__init__\(\) (got an unexpected keyword argument|missing \d+ required)')

# DistributedDataParallel's error for parameters that no loss depends on.
_UNUSED = re.compile(r'did not receive grad for rank \d+: (\d[\d ]*)')


def explain(error: BaseException) -> str | None:
    """Explain an error in one line if the user can fix it; None for faults of the program.

    That is: errors of ours and of the system (files, memory, missing packages), a data loader's
    worker that was killed, parameters that several processes do not train, a part that a config
    cannot build, and whatever the code of this project or of the mm packages refuses by a ``raise``
    or an ``assert`` of its own with a message.

    Returns:
        The line, or None: then the traceback is what helps.
    """
    text = _text(error)
    if isinstance(error, _EXPLAINED):
        return text
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return (
            f'out of memory ({text.splitlines()[0] if text else "no message"}). Take less at once: '
            'batch.at_once=N in training (the total batch stays), batch_size=1 in a test loader'
        )
    if isinstance(error, OSError):
        return _about_the_system(error, text)
    if isinstance(error, RuntimeError) and 'DataLoader worker' in text:
        if 'killed by signal: Bus error' in text or 'shared memory' in text:
            return f'a DataLoader worker ran out of shared memory. {ADVICE}'
        if 'killed by signal' in text or 'exited unexpectedly' in text:
            return (
                f'a DataLoader worker died ({text.splitlines()[0]}). If it was killed, memory ran '
                f'out: fewer num_workers. Otherwise see what it printed above. {ADVICE}'
            )
    if isinstance(error, RuntimeError) and (unused := _UNUSED.search(text)):
        return _about_unused(error, [int(number) for number in unused[1].split()])
    if isinstance(error, ImportError) and text:
        return text
    if isinstance(error, KeyError) and _NAME.fullmatch(text):
        return _about_a_key(error, text)
    if not text or not _is_for_people(error):
        return None
    place = _users_place(error)
    return f'{text} (by way of {place}; --debug shows all)' if place else text


def _text(error: BaseException) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    # An error in a DataLoader's worker arrives as text with its traceback, message last.
    return text.rsplit(f'{type(error).__name__}: ', 1)[-1].strip()


def _about_unused(error: BaseException, indices: list[int]) -> str:
    """Name the parameters that torch counts, of the wrapped model in the error's frames."""
    found = ', '.join(map(str, indices))
    for frame, _ in traceback.walk_tb(error.__traceback__):
        wrapper = frame.f_locals.get('self')
        if isinstance(wrapper, DistributedDataParallel):
            named = wrapper.module.named_parameters()
            names = [name for name, value in named if value.requires_grad]
            if indices[-1] < len(names):
                found = ', '.join(names[index] for index in indices[:5])
                found += f' and {len(indices) - 5} more' if len(indices) > 5 else ''
            break
    return (
        f'the loss does not depend on {found}, and several processes wait for gradients of all '
        'parameters. If that is meant, write find_unused_parameters = True at the top of the '
        'config; otherwise use them, or freeze them (requires_grad_(False))'
    )


def _about_the_system(error: OSError, text: str) -> str:
    if error.errno is None:
        return text
    place = f'{error.filename}: ' if error.filename is not None else ''
    return place + _HINTS.get(error.errno, str(error.strerror))


def _about_a_key(error: KeyError, name: str) -> str | None:
    """Say who misses a key of a config; of another dict it is a fault of the program."""
    frames = traceback.extract_tb(error.__traceback__)
    readers = [frame for frame in frames if Path(frame.filename) != Path(config_file)]
    if not readers or readers[-1] is frames[-1]:
        return None
    where = f'{readers[-1].filename}, line {readers[-1].lineno}'
    return f'the config has no {name!r}, which is needed in {where}'


def _frames(error: BaseException) -> list[tuple[str, int]]:
    """Files and lines, outermost first."""
    frames = [(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    if 'Original Traceback' in str(error):  # of a worker
        frames += [(file, int(line)) for file, line in _FRAME.findall(str(error))]
    return frames


def _users_place(error: BaseException) -> str:
    """The innermost line of code that is the user's own, of what this project has called."""
    package, place = Path(__file__).parents[1], ''
    called = False
    for file, line in _frames(error):
        folders = Path(file).resolve().parents
        if package in folders:
            called = called or Path(file).name != 'cli.py'  # within which the tool itself runs
        elif called and Path(file).is_file() and not _PYTHON & set(folders):
            place = f'{file}:{line}'
    return place


def _is_for_people(error: BaseException) -> bool:
    """Whether this project or an mm package raised it on purpose, or passed on a wrong option."""
    frames = _frames(error)
    if not frames or not str(error):
        return False
    file, number = frames[-1]
    own = Path(__file__).parents[1] in Path(file).parents
    if not own and not set(_MM) & set(Path(file).parts):
        return False
    if isinstance(error, TypeError) and _ARGUMENTS.search(str(error)):
        return not own
    return linecache.getline(file, number).strip().startswith(('raise ', 'assert '))
