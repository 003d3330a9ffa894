"""Masks of a finished stage that somebody has changed since."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmwsss.recipes.identity import file_hashes
from mmwsss.stores import open_store
from mmwsss.stores.corrections import FILE_NAME, Corrections
from mmwsss.stores.meta import FILE_NAME as META

_SHOWN = 10


def changed_files(store: Path, made: Mapping[str, str]) -> list[str]:
    """Files that are neither as the stage left them nor as they were imported as corrections.

    Args:
        store: A mask store.
        made: Hash of each file when the stage was done.

    Returns:
        Paths below the store, of missing and of new files, too.

    Raises:
        StoreError: The record of corrections is broken.
    """
    expected = {name: found for name, found in made.items() if name != FILE_NAME}
    corrections = Corrections(store).read()
    expected |= {f'{id}.png': record.get('hash', '') for id, record in corrections.items()}
    there = {name: found for name, found in file_hashes(store).items() if name != FILE_NAME}
    names = sorted(expected.keys() | there.keys())
    return [name for name in names if expected.get(name) != there.get(name)]


def edited_masks(store: Path, made: Mapping[str, str]) -> list[str]:
    """Ids of changed masks that can be read; arguments and errors as in :func:`changed_files`."""
    ids, bad = _changed_masks(store, made)
    return [id for id in ids if id not in bad]


def keep_unreadable(store: Path, made: Mapping[str, str], kept: Path) -> dict[str, str]:
    """Move changed files that are no masks of the store, before the stage makes these anew.

    Args:
        store: A mask store.
        made: As in :func:`changed_files`.
        kept: Folder where they go.

    Returns:
        What is wrong with each, by its new path.
    """
    _, bad = _changed_masks(store, made)
    moved = {}
    for id, problem in bad.items():
        target = kept / f'{id}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        (store / f'{id}.png').replace(target)
        moved[str(target)] = problem
    return moved


def _changed_masks(store: Path, made: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Ids of masks that were changed, and what is wrong with some of them."""
    opened = open_store(store, 'masks')
    names = [name for name in changed_files(store, made) if name.endswith('.png')]
    ids = [name.removesuffix('.png') for name in names if (store / name).is_file()]
    return ids, {entry.id: entry.reason for entry in opened.verify(ids)} if ids else {}


def import_advice(store: Path, ids: Sequence[str]) -> str:
    """What to say of masks that were edited in a store."""
    shown = ', '.join(ids[:_SHOWN]) + (', ...' if len(ids) > _SHOWN else '')
    names = shlex.join(ids[:_SHOWN]) + (' ...' if len(ids) > _SHOWN else '')
    folder = shlex.quote(str(store))
    return (
        f'{len(ids)} masks were edited in the store and not imported ({shown}): they are used as '
        f'they are, but lost when the stage is redone. mmwsss import-masks png {folder} {folder} '
        f'--ids {names} marks them as corrected'
    )


def carry_over_corrections(old: Path, new: Path, *, resumed: bool) -> list[str]:
    """Bring corrected masks of a stage's older result into its new folder, before it runs.

    Args:
        old: Folder of the older result.
        new: Folder of the stage.
        resumed: The stage goes on: only what a kill has broken off is completed.

    Returns:
        Their ids.

    Raises:
        StoreError: The record of corrections is broken.
    """
    target = Corrections(new / 'masks')
    if not (old / 'masks' / FILE_NAME).is_file() or (resumed and not target.is_alone()):
        return []
    if (new / 'masks' / META).exists():
        return []
    return Corrections(old / 'masks').carry_over(new / 'masks')
