"""Write the repository of a method of your own: ``new_method.py METHOD [FOLDER]``."""

import argparse
import shlex
import sys

from mmwsss.apis.new_method import new_method


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('method', help='name of its package, as edge_cam; its class is EdgeCam')
    parser.add_argument('folder', nargs='?', help='folder to make (default: edge-cam)')
    return parser.parse_args()


def main() -> None:
    """Write it, and say what comes next."""
    args = parse_args()
    try:
        folder = new_method(args.method, args.folder)
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
    for path in sorted(path for path in folder.rglob('*') if path.is_file()):
        print(path)
    print(
        f"\ncd {shlex.quote(str(folder))}\npip install -e '.[tests]'\npytest\n"
        f'mmwsss run configs/{args.method}_recipe.py'
    )


if __name__ == '__main__':
    main()
