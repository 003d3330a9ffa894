"""Convert a published checkpoint: ``convert_checkpoint.py KIND SOURCE TARGET.pth``.

The result goes into ``load_from`` (whole models) or a backbone's
``init_cfg=dict(type='Pretrained', checkpoint=...)`` (backbones).
"""

import argparse
import sys

from mmwsss.models.utils import FORMATS, convert_checkpoint


def main(arguments: list[str] | None = None) -> None:
    """Convert one file and say what was dropped."""
    kinds = '\n'.join(f'  {kind}: {source.summary}' for kind, source in FORMATS.items())
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog=f'kinds:\n{kinds}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('kind', choices=sorted(FORMATS))
    parser.add_argument('source', help='the published file')
    parser.add_argument('target', help='where to write ours')
    args = parser.parse_args(arguments)
    try:
        dropped = convert_checkpoint(args.source, args.target, args.kind)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f'wrote {args.target}; dropped: {", ".join(dropped) or "nothing"}')


if __name__ == '__main__':
    main()
