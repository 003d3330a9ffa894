"""Opening stores for reading and for writing."""

import shutil
from pathlib import Path

from mmwsss.stores.atomic import remove_temporaries
from mmwsss.stores.base import Store
from mmwsss.stores.errors import StoreError, StoreMismatch
from mmwsss.stores.mask_store import MaskStore
from mmwsss.stores.meta import FILE_NAME, StoreMeta
from mmwsss.stores.prompt_store import PromptStore
from mmwsss.stores.proposal_store import ProposalStore
from mmwsss.stores.score_store import ScoreStore

_TYPES: dict[str, type[Store]] = {
    'scores': ScoreStore,
    'masks': MaskStore,
    'proposals': ProposalStore,
    'prompts': PromptStore,
}


def open_store(path: str | Path, kind: str | None = None) -> Store:
    """Open a finished store for reading.

    Args:
        path: The store's folder.
        kind: 'scores', 'masks', 'proposals' or 'prompts', to refuse any other.

    Raises:
        StoreError: It is no store, or one of another kind.
    """
    folder = Path(path)
    meta = StoreMeta.load(folder)
    if kind is not None and meta.kind != kind:
        raise StoreError(f'{folder}: a store of {kind} is needed, this one holds {meta.kind}')
    return _TYPES[meta.kind](folder, meta)


def create_store(path: str | Path, meta: StoreMeta, overwrite: bool = False) -> Store:
    """Open a store for writing; continue one that the same producer began.

    Where several processes write, exactly one of them may call this, before the
    others call :func:`open_store`: it removes what killed writers left behind.

    Args:
        path: The store's folder; created if it does not exist.
        meta: What the store will be.
        overwrite: Delete the entries of an existing store first.

    Raises:
        StoreMismatch: The folder holds a store of another producer.
        StoreError: The folder holds something that is no store.
    """
    folder = Path(path)
    if folder.is_dir() and any(folder.iterdir()):
        remove_temporaries(folder)
        if (folder / FILE_NAME).exists():
            if overwrite:
                _discard(folder)
            else:
                _same_producer(folder, StoreMeta.load(folder), meta)
        elif any(folder.iterdir()):
            raise StoreError(
                f'{folder}: holds files but no {FILE_NAME}, so it is no store and is not written '
                'to. Choose another folder or empty this one'
            )
    folder.mkdir(parents=True, exist_ok=True)
    meta.save(folder)
    return _TYPES[meta.kind](folder, meta)


def _discard(folder: Path) -> None:
    """Delete a store so that a kill in between never leaves half of it in place."""
    trash = folder.with_name(f'.{folder.name}.discarded')
    shutil.rmtree(trash, ignore_errors=True)
    folder.rename(trash)
    shutil.rmtree(trash)


def _same_producer(folder: Path, old: StoreMeta, new: StoreMeta) -> None:
    differences = old.differences(new)
    if differences:
        lines = [f'  {key}: {was!r} there, {now!r} now' for key, (was, now) in differences.items()]
        raise StoreMismatch(
            f'{folder}: was made by another run (producer {old.producer} there, {new.producer} '
            'now). Differences:\n'
            + '\n'.join(lines)
            + '\nGive --overwrite to redo it, or another --work-dir to keep both'
        )
