"""Merge Co2SAM's LoRA into its SAM: ``merge_lora.py CHECKPOINT SAM TARGET.pth``.

The result is a checkpoint like segment-anything's own, for any program that reads those.
"""

import argparse
import sys

from mmwsss.models.conversion.merging import merge_checkpoint


def main(arguments: list[str] | None = None) -> None:
    """Merge one checkpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='what a training of Co2SAM saved')
    parser.add_argument('sam', help='the SAM that it started from')
    parser.add_argument('target', help='where to write')
    args = parser.parse_args(arguments)
    try:
        merge_checkpoint(args.checkpoint, args.sam, args.target)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f'wrote {args.target}')


if __name__ == '__main__':
    main()
