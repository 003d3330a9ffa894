"""Report a store's origin, size, missing and broken entries. Exits with 1 if there are any.

Example: ``python tools/analysis_tools/store_report.py work_dirs/cam/scores --list train.txt``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.datasets.listing import read_ids
from mmwsss.stores import Store, StoreError, open_store
from mmwsss.stores.hashing import hash_list

SHOWN = 20  # names of one kind of trouble


def origin(store: Store) -> dict[str, object]:
    """What the store says of itself."""
    meta = store.meta
    return {
        'kind': f'{meta.kind}, {meta.dtype}, stride {meta.stride}',
        'classes': f'{len(meta.classes)}: {", ".join(meta.classes)}',
        'list': meta.list_hash,
        'producer': ', '.join(f'{key} {value}' for key, value in meta.producer.items()),
        'made from': '; '.join(str(parent) for parent in meta.parents) or 'photos',
        'refiners': '; '.join(str(record) for record in meta.refiners) or 'none',
        'threshold tuned on masks': meta.threshold_tuned_on_masks,
        **meta.protocol,
    }


def sizes(store: Store, ids: Sequence[str]) -> str:
    """Number and size of the entries."""
    total = sum(store.path(id).stat().st_size for id in ids)
    mean = total / max(len(ids), 1)
    return f'{len(ids)} entries, {total / 2**20:.1f} MiB, {mean / 2**10:.1f} KiB an image'


def report(folder: Path, list_file: Path | None = None) -> bool:
    """Print the report of a store.

    Args:
        folder: The store.
        list_file: Ids that must be in it, one a line (the first word counts).

    Returns:
        Whether everything is there and can be read.
    """
    store = open_store(folder)
    ids = list(store)
    for key, value in origin(store).items():
        print(f'{key}: {value}')
    print(sizes(store, ids))
    wanted = ids
    if list_file is not None:
        wanted = read_ids(list_file, whole_lines=any(' ' in id for id in ids))
        found = hash_list(wanted)
        same = 'the list it was made for' if found == store.meta.list_hash else 'another list'
        extra = set(ids) - set(wanted)
        print(f'{list_file}: {len(wanted)} ids ({found}, {same}), {len(extra)} entries beyond it')
    bad = store.verify(wanted)
    for entry in bad[:SHOWN]:
        print(f'bad: {entry.id}: {entry.reason}')
    if len(bad) > SHOWN:
        print(f'... and {len(bad) - SHOWN} more')
    print(f'{len(bad)} of {len(wanted)} are missing or broken' if bad else 'all can be read')
    return not bad


def main(argv: list[str] | None = None) -> int:
    """Report on one store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('store', type=Path)
    parser.add_argument('--list', type=Path, dest='list_file', help='ids that must be in it')
    args = parser.parse_args(argv)
    try:
        return 0 if report(args.store, args.list_file) else 1
    except (StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
