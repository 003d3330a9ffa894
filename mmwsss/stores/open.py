"""Open stores for reading and for writing."""

from pathlib import Path
from typing import Literal, overload

from mmwsss.stores import contents
from mmwsss.stores.atomic import final_name, remove_temporaries
from mmwsss.stores.base import Store
from mmwsss.stores.corrections import FILE_NAME as CORRECTED
from mmwsss.stores.corrections import Corrections
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


@overload
def open_store(path: str | Path, kind: Literal['scores']) -> ScoreStore: ...
@overload
def open_store(path: str | Path, kind: Literal['masks']) -> MaskStore: ...
@overload
def open_store(path: str | Path, kind: str | None = None) -> Store: ...
def open_store(path: str | Path, kind: str | None = None) -> Store:
    """Open a finished store for reading.

    Args:
        path: The store's folder, or a link to it.
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
    """Open a store for writing, new or begun earlier by the same producer.

    The store is locked until it is closed or no longer used: no other run can write to it. Where
    several processes write, exactly one of them calls this, then ``store.lock().share()``, before
    the others call :func:`open_store` and ``store.lock(shared=True)``. What killed writers left
    is removed.

    Args:
        path: The store's folder, or a link to it (which stays one); created if it does not exist.
        meta: What the store will be.
        overwrite: Delete the entries of an existing store first, and nothing else. Masks that were
            corrected by hand stay.

    Raises:
        StoreMismatch: The folder holds a store of another producer, or masks that were corrected
            by hand for other classes.
        FolderBusy: Another run writes to it.
        StoreError: The folder holds something that is no store or, with ``overwrite``, files
            beside the store. Nothing has been changed.
    """
    folder = Path(path)
    _existing(folder)  # before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    store = _TYPES[meta.kind](folder, meta)
    store.lock()
    try:
        old = _existing(folder)  # another run may have created it meanwhile
        Corrections(folder).require(meta)
        if old is not None:
            suffix = _TYPES[old.kind].suffix
            if overwrite:
                store.ledger.clear()
                kept = Corrections(folder).read()
                contents.empty(folder, old.kind, suffix, _TYPES[old.kind].is_entry, kept)
            else:
                _same_producer(folder, old, meta)
            records = (FILE_NAME, CORRECTED)
            remove_temporaries(folder, lambda name: name in records or name.endswith(suffix))
        else:
            remove_temporaries(folder, lambda name: name == FILE_NAME)
            store.ledger.clear()
        meta.save(folder)
        store.ledger.begin()
    except BaseException:
        store.close()
        raise
    return store


def _existing(folder: Path) -> StoreMeta | None:
    """Read the record of the store in a folder; None if there is no store yet."""
    if folder.is_symlink() and not folder.exists():
        raise StoreError(f'{folder}: is a link to {folder.readlink()}, which does not exist')
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise StoreError(f'{folder}: is a file; a store is a folder. Choose another name')
    if (folder / FILE_NAME).exists():
        return StoreMeta.load(folder)
    # A writer that was killed at the very start leaves no more than this.
    carried = Corrections(folder).is_alone()
    names = () if carried else [path.name for path in folder.iterdir()]
    if any(name != '.lock' and final_name(name) != FILE_NAME for name in names):
        raise StoreError(
            f'{folder}: holds files but no {FILE_NAME}, so it is no store and is not written '
            'to. Choose another folder or empty this one'
        )
    return None


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
