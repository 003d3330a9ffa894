"""Convert a published checkpoint: ``convert_checkpoint.py KIND SOURCE TARGET.pth``.

The result goes into ``load_from`` (whole models) or a backbone's
``init_cfg=dict(type='Pretrained', checkpoint=...)`` (backbones).
``convert_checkpoint.py what SOURCE`` writes nothing; it says what the file is and what becomes of
each entry.
"""

import argparse
import sys

from mmwsss.models.conversion import FORMATS, convert_checkpoint, describe_checkpoint

SAM = (
    "  sam: Segment Anything's sam_vit_{b,l,h}_*.pth; SAM(checkpoint=...) reads them as they are, "
    'nothing is renamed, and there is nothing to convert.'
)
CLIP = "  clip: OpenAI's ViT-*.pt; CLIP(checkpoint=...) reads the archives as they are."


def main(arguments: list[str] | None = None) -> None:
    """Convert one file and say what was dropped, or say what a file is."""
    kinds = '\n'.join(f'  {kind}: {source.summary}' for kind, source in FORMATS.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f'kinds:\n{kinds}\n{SAM}\n{CLIP}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('kind', choices=[*sorted(FORMATS), 'what'])
    parser.add_argument('source', help='the published file')
    parser.add_argument('target', nargs='?', help='where to write ours')
    args = parser.parse_args(arguments)
    if (args.kind == 'what') != (args.target is None):
        parser.error('a target is needed to convert, and none to see what a file is')
    try:
        if args.kind == 'what':
            kind, lines = describe_checkpoint(args.source)
            print('\n'.join([f'{args.source}: {kind}', *(f'  {line}' for line in lines)]))
            return
        dropped = convert_checkpoint(args.source, args.target, args.kind)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f'wrote {args.target}; dropped: {", ".join(dropped) or "nothing"}')


if __name__ == '__main__':
    main()
