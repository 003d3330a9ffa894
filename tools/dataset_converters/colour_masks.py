"""Convert masks in colours to palette PNGs of class numbers: 0, 1..C and 255.

Colours come from CVAT's ``labelmap.txt`` (``name:r,g,b:parts:actions``), or are those of PASCAL VOC
for the classes of ``--classes`` in their order (``voc`` for VOC's own). Palette PNGs that an editor
has saved again are read by their colours, too.

    python tools/dataset_converters/colour_masks.py data/SegmentationClass data/masks \
        --labelmap data/labelmap.txt
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from rich.progress import track

from mmwsss.datasets import VOCTaggedDataset
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.labelmap import Colour, read_labelmap
from mmwsss.datasets.listing import list_folder, read_class_names
from mmwsss.exchange.colours import to_indices, voc_colours
from mmwsss.stores.atomic import atomic_write, atomic_write_bytes
from mmwsss.stores.mask_store import voc_palette


def convert(source: Path, out: Path, colours: Mapping[Colour, int]) -> tuple[int, list[str]]:
    """Convert a folder; number of masks written and what could not be."""
    files = list_folder(source, ('.png', '.bmp', '.gif', '.tif', '.tiff'))
    if not files:
        raise DataError(f'{source}: no mask found')
    if out.resolve() == source.resolve():
        raise DataError(f'{out}: give another folder than that of the colours, which stay')

    def one(item: tuple[str, str]) -> str:
        try:
            mask = Image.fromarray(to_indices(source / item[1], colours))
        except DataError as error:
            return str(error)
        mask.putpalette(voc_palette().tobytes())
        with atomic_write(out / f'{item[0]}.png') as temporary:
            mask.save(temporary, 'PNG')
        return ''

    with ThreadPoolExecutor(4) as pool:
        results = list(track(pool.map(one, files.items()), 'masks', len(files), transient=True))
    bad = [text for text in results if text]
    return len(results) - len(bad), bad


def main(argv: Sequence[str] | None = None) -> int:
    """Convert a folder; 1 where a mask could not be converted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, help='folder of masks in colours')
    parser.add_argument('out', type=Path, help='folder of the new masks')
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument('--labelmap', type=Path, help="CVAT's labelmap.txt")
    given.add_argument('--classes', help="file of foreground names, or 'voc': VOC's colours")
    args = parser.parse_args(argv)
    try:
        if args.labelmap:
            colours, names = read_labelmap(args.labelmap)
        elif args.classes == 'voc':
            names = list(VOCTaggedDataset.METAINFO['classes'][1:])
            colours = voc_colours(len(names))
        else:
            names = read_class_names(args.classes)
            colours = voc_colours(len(names))
        count, bad = convert(args.source, args.out, colours)
    except DataError as error:
        raise SystemExit(str(error)) from None
    atomic_write_bytes(args.out / 'classes.txt', ('\n'.join(names) + '\n').encode())
    print(f'{args.out}: {count} masks; classes 1..{len(names)} are {", ".join(names)}')
    for text in bad:
        print(f'not converted: {text}', file=sys.stderr)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
