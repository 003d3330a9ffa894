"""The folder of a stage: records on disk of what it was, and what it made."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmwsss.recipes.edited_masks import changed_files, edited_masks, keep_unreadable
from mmwsss.recipes.identity import (
    content_hash,
    file_hashes,
    hash_of_files,
    record_hash,
    signature,
)
from mmwsss.recipes.recipe import OUTPUTS, Stage
from mmwsss.stores.atomic import atomic_write_json
from mmwsss.stores.corrections import Corrections
from mmwsss.stores.meta import FILE_NAME as STORE_META

STARTED, DONE, METRICS, LOG = 'started.json', 'done.json', 'metrics.json', 'stdout.log'


class StageFolder:
    """Folder of a stage and the records in it.

    Args:
        stage: The stage.
        folder: Its work directory.
    """

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder

    @property
    def started(self) -> dict[str, Any] | None:
        """Record of the run that was begun last."""
        return _record(self.folder / STARTED)

    @property
    def done(self) -> dict[str, Any] | None:
        """Record of the finished run, if it finished."""
        record = _record(self.folder / DONE)
        return record if record and _is_finished(record) else None

    @property
    def metrics(self) -> dict[str, Any]:
        """Numbers that the stage wrote."""
        content = read_json(self.folder / METRICS) or {}
        if not isinstance(content.get('protocol', {}), dict):
            del content['protocol']
        return content

    def is_foreign(self) -> bool:
        """Whether it holds files, none of which a pipeline left there."""
        return (
            self.folder.is_dir()
            and any(self.folder.iterdir())
            and self.started is None
            and self.done is None
        )

    def output(self, name: str) -> Path | None:
        """Path of an output, if it is there."""
        if name != 'checkpoint':
            folder = self.folder / name
            return folder if (folder / STORE_META).is_file() else None
        return newest_checkpoint(self.folder)

    def output_hash(self, name: str) -> str | None:
        """Content hash of a finished output; ``None`` if it is not there.

        Contents are read again only where files have changed since the stage was done.
        """
        path = self.output(name)
        record = ((self.done or {}).get('outputs') or {}).get(name)
        if path is None or record is None:
            return None
        return record['hash'] if signature(path) == record['signature'] else content_hash(path)

    def intact(self) -> bool:
        """Whether outputs and metrics of the finished run exist unchanged."""
        done = self.done or {}
        outputs = done.get('outputs') or {}
        if 'metrics' in done and done['metrics'] != _hash_of(self.folder / METRICS):
            return False
        return all(
            self.output_hash(name) == record['hash'] or self._only_corrected(name, record)
            for name, record in outputs.items()
        )

    def _only_corrected(self, name: str, record: Mapping[str, Any]) -> bool:
        """Whether the masks that differ from what the stage made were corrected by hand."""
        path, files = self.output(name), record.get('files')
        return path is not None and isinstance(files, dict) and not changed_files(path, files)

    def corrected(self) -> list[str]:
        """Ids of masks of its store that were corrected by hand.

        Raises:
            StoreError: The record of them is broken.
        """
        path = self.output('masks')
        return [] if path is None else sorted(Corrections(path).read())

    def edited(self) -> list[str]:
        """Ids of masks that were changed in the store since, and not imported as corrections."""
        path, files = self._made_masks()
        return [] if path is None else edited_masks(path, files)

    def keep_unreadable(self) -> dict[str, str]:
        """Move changed files that are no masks out of the store; what is wrong, by new path."""
        path, files = self._made_masks()
        return {} if path is None else keep_unreadable(path, files, self.folder / 'unreadable')

    def _made_masks(self) -> tuple[Path | None, dict[str, str]]:
        """Its store of masks, where it is finished, and the hash of each file that it made."""
        record = ((self.done or {}).get('outputs') or {}).get('masks')
        files = (record or {}).get('files')
        return (self.output('masks'), files) if isinstance(files, dict) else (None, {})

    def accept_corrections(self) -> None:
        """Take corrected masks into the record of the finished run, so that hashes are of them."""
        done, path = self.done, self.output('masks')
        if done is None or path is None or not self.corrected():
            return
        old = done['outputs'].get('masks')
        if old is not None and old['signature'] != signature(path):
            done['outputs']['masks'] = _fingerprint(path)
            atomic_write_json(self.folder / DONE, done)

    def begin(self, identity: Mapping[str, Any], command: list[str], seconds: float) -> None:
        """Record that a run begins (or goes on after ``seconds`` of earlier runs)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / DONE).unlink(missing_ok=True)
        record = {
            'identity': identity,
            'identity_hash': record_hash(identity),
            'command': command,
            'seconds': seconds,
            'begun': now(),
        }
        atomic_write_json(self.folder / STARTED, record)

    def finish(self, seconds: float) -> None:
        """Record that the run that was begun has finished."""
        record = dict(self.started or {})
        outputs = {}
        for name in OUTPUTS[self.stage.action]:
            path = self.output(name)
            if path is not None:
                outputs[name] = _fingerprint(path)
        metrics = _hash_of(self.folder / METRICS)
        record |= {
            'outputs': outputs,
            'metrics': metrics,
            'seconds': seconds,
            'finished': now(),
        }
        atomic_write_json(self.folder / DONE, record)

    def interrupt(self, seconds: float) -> None:
        """Record the time spent in a run that did not finish."""
        atomic_write_json(self.folder / STARTED, {**(self.started or {}), 'seconds': seconds})


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint that a training wrote last, if it is there."""
    pointer = folder / 'last_checkpoint'
    if not pointer.is_file():
        return None
    try:
        written = Path(pointer.read_text(encoding='utf-8').strip())
        # The folder may have been moved since; the file stays beside its pointer.
        return next((p for p in (folder / written.name, written) if p.is_file()), None)
    except (OSError, ValueError):  # no text, or none that can be a path
        return None


def read_json(path: Path) -> dict[str, Any] | None:
    """Content of a JSON file; ``None`` if it is missing or broken."""
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _record(path: Path) -> dict[str, Any] | None:
    """A record of a pipeline; ``None`` if the file is missing, broken or something else."""
    record = read_json(path) or {}
    kinds: dict[str, Any] = {
        'identity': dict,
        'identity_hash': str,
        'command': list,
        'seconds': int | float,
    }
    fits = all(isinstance(record.get(key), kind) for key, kind in kinds.items())
    return record if fits else None


def _is_finished(record: Mapping[str, Any]) -> bool:
    outputs = record.get('outputs')
    return (
        isinstance(record.get('finished'), str)
        and isinstance(outputs, dict)
        and all(
            isinstance(part, dict)
            and isinstance(part.get('hash'), str)
            and isinstance(part.get('signature'), list)
            for part in outputs.values()
        )
    )


def _fingerprint(path: Path) -> dict[str, Any]:
    """What tells whether an output has changed; of masks, which of them."""
    if path.name != 'masks':
        return {'hash': content_hash(path), 'signature': signature(path)}
    files = file_hashes(path)
    return {'hash': hash_of_files(files), 'signature': signature(path), 'files': files}


def _hash_of(path: Path) -> str | None:
    return content_hash(path) if path.is_file() else None


def now() -> str:
    """Local time to the second, with its offset."""
    return time.strftime('%Y-%m-%dT%H:%M:%S%z')
