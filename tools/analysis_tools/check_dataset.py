"""Check a data set before training: files, lists, tags, photos, masks. Exits with 1 on a gap.

    python tools/analysis_tools/check_dataset.py voc data/VOCdevkit/VOC2012
    python tools/analysis_tools/check_dataset.py folder my_photos --pixels
    python tools/analysis_tools/check_dataset.py voc part_of_voc --list train.txt val.txt
    python tools/analysis_tools/check_dataset.py voc my_voc --classes my_voc/labelmap.txt
    python tools/analysis_tools/check_dataset.py config configs/cam/cam_r18_folder.py

Prints the expected tree with a tick or a cross per entry, the number of photos of each class, and
what looks wrong: misread tags, photos that cannot be read, masks of other sizes, values or classes.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from mmwsss.apis.data_check import check_config, check_layout
from mmwsss.apis.data_layouts import LAYOUTS
from mmwsss.config.key_value import KeyValue
from mmwsss.config.option_pairs import refuse_unread
from mmwsss.datasets.bare import only_warnings
from mmwsss.datasets.errors import DataError
from mmwsss.datasets.labelmap import read_labelmap
from mmwsss.datasets.listing import read_class_names
from mmwsss.engine.cli import readable_errors

KINDS = (*(kind for kind in LAYOUTS if kind != 'own_voc'), 'config')


def kind_of_data(text: str) -> str:
    """What kind of data set an argument names.

    Raises:
        ArgumentTypeError: None; a path lacks the kind before it.
    """
    if text in KINDS:
        return text
    hint = ''
    if Path(text).exists():
        like = 'config' if Path(text).is_file() else 'folder'
        hint = f'. The kind comes first: {like} {text}'
    raise argparse.ArgumentTypeError(f'{text!r} is none of {", ".join(KINDS)}{hint}')


def main(argv: Sequence[str] | None = None) -> int:
    """Check a data set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'kind', type=kind_of_data, metavar='kind', help=f'one of {", ".join(KINDS)}'
    )
    parser.add_argument('root', type=Path, help='folder of the data set, or the config')
    parser.add_argument('--pixels', action='store_true', help='decode every photo')
    parser.add_argument(
        '--classes', type=Path, help="VOC's layout, own classes: names, or CVAT's labelmap.txt"
    )
    parser.add_argument('--list', nargs='+', default=[], help='lists of images, relative to it')
    parser.add_argument(
        '--cfg-options', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE'
    )
    args = parser.parse_args(argv)
    if args.kind == 'config':
        why = 'of a config, which names its lists and classes: see --cfg-options'
        refuse_unread(parser, args, '--list', '--classes', why=why)
        with readable_errors(), only_warnings(logging.ERROR):  # what is logged stands in the table
            return 0 if check_config(str(args.root), args.cfg_options, pixels=args.pixels) else 1
    refuse_unread(parser, args, '--cfg-options', why='of photos without a config')
    kind, classes, labelmap = args.kind, args.classes, args.root / 'labelmap.txt'
    if kind == 'voc' and classes is None and labelmap.is_file():
        classes = labelmap
    if args.list and kind != 'voc':
        parser.error('--list goes with voc; the other kinds have their own lists')
    if classes is not None and kind != 'voc':
        parser.error('--classes goes with voc; the classes of a folder are its tags')
    names: list[str] = []
    if classes is not None:
        try:
            is_map = classes.name == 'labelmap.txt'
            names = read_labelmap(classes)[1] if is_map else read_class_names(classes)
        except DataError as error:
            raise SystemExit(f'error: {error}') from None
        kind = 'own_voc'
    with only_warnings(logging.ERROR):
        good = check_layout(kind, args.root, pixels=args.pixels, classes=names, lists=args.list)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
