"""Write ``tags.csv`` from folders named by class.

``images/cat/1.jpg`` gets the tag cat, ``images/cat;dog/2.jpg`` gets both. An image directly in the
folder gets none.

    python tools/dataset_converters/folders_to_tags.py data/mine/images data/mine/tags.csv
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.listing import IMAGE_SUFFIXES, list_folder
from mmwsss.stores.atomic import atomic_write_bytes


def tags_of(folder: Path) -> dict[str, list[str]]:
    """File below the folder -> tags, from the name of its first folder."""
    files = list_folder(folder, IMAGE_SUFFIXES).values()
    if not files:
        raise DataError(f'{folder}: no image found')
    return {
        name: [t.strip() for t in name.split('/')[0].split(';') if t.strip()] if '/' in name else []
        for name in files
    }


def main(argv: list[str] | None = None) -> None:
    """Write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('images', type=Path)
    parser.add_argument('out', type=Path, help='tags.csv')
    args = parser.parse_args(argv)
    try:
        tags = tags_of(args.images)
    except DataError as error:
        raise SystemExit(str(error)) from None
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(('image', 'tags'))
    writer.writerows((name, ';'.join(names)) for name, names in tags.items())
    atomic_write_bytes(args.out, text.getvalue().encode())
    classes = sorted({name for names in tags.values() for name in names})
    print(f'{args.out}: {len(tags)} images, {len(classes)} classes: {", ".join(classes)}')


if __name__ == '__main__':
    sys.exit(main())
