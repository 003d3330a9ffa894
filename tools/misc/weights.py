"""List published weight files: which a config needs, which are missing or damaged."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from mmwsss.config import read_config
from mmwsss.installed import find_config
from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.surroundings import environment
from mmwsss.weights import DownloadError, WeightFile, download, find_weights, read_catalogue
from mmwsss.weights.catalogue import entries_of
from mmwsss.weights.page import as_markdown


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: mmwsss weights mmwsss::s2c/s2c_voc_recipe.py --download',
    )
    parser.add_argument('configs', nargs='*', help='configs or recipes (default: every file known)')
    parser.add_argument('--root', default='.', help='folder that checkpoints/ is in (.)')
    parser.add_argument(
        '--markdown', action='store_true', help='print the whole list as docs/weights.md has it'
    )
    parser.add_argument(
        '--download', action='store_true', help='get the missing ones that have a plain link'
    )
    args = parser.parse_args()
    if args.markdown and (args.configs or args.download):
        parser.error('--markdown prints the whole list: leave configs and --download out')
    return args


def named_by(configs: Iterable[str]) -> list[str]:
    """Weight files that configs, or the stages of recipes, name."""
    found: list[str] = []
    for name in configs:
        path = find_config(name)
        parts = [path]
        if path.stem.endswith('_recipe'):
            recipe = load_recipe(path)
            values = {key: value or '.' for key, value in recipe.variables.items()}
            parts = [stage.config for stage in recipe.stages]
        else:
            values = {}
        with environment(values):
            for part in parts:
                found += find_weights(read_config(part, import_custom_modules=False).to_dict())
    return [path for path in dict.fromkeys(found) if 'work_dirs' not in Path(path).parts]


def wanted(paths: Iterable[str], root: Path) -> list[tuple[Path, WeightFile | None]]:
    """Each file with its entry of the list, if it has one."""
    rows: list[tuple[Path, WeightFile | None]] = []
    for path in paths:
        entries = entries_of(path)
        if not entries:
            rows.append((root / path, None))
        for entry in entries:
            folder = '' if entry.name == Path(path).name else Path(path).name
            target = root / path if not folder else root / Path(path).parent / entry.name
            rows.append((target, entry))
            if entry.made_from and not target.exists():
                source = read_catalogue()[entry.made_from]
                rows.append((target.with_name(source.name), source))
    return rows


def state_of(path: Path, entry: WeightFile | None) -> tuple[str, bool]:
    """State of a file in words, and whether it can be used."""
    if not path.is_file():
        if entry and entry.made_from:
            source = path.with_name(entry.made_from)
            return f'to be made: mmwsss convert {entry.convert} {source} {path}', False
        return 'missing', False
    if entry is None:
        return 'there; nothing is published about it', True
    problem = entry.problem(path)
    checked = entry.sha256 or entry.sha256_prefix or entry.md5
    return problem or ('whole' if checked else 'there; no hash is published'), not problem


def about(entry: WeightFile | None) -> list[str]:
    """What is published about a file, line by line."""
    if entry is None:
        return []
    size = '' if entry.size is None else f' ({entry.size / 2**20:.0f} MiB)'
    lines = (f'{entry.what}{size}', entry.url, entry.remarks, entry.licence)
    return [line for line in lines if line]


def get(rows: Iterable[tuple[Path, WeightFile | None]], console: Console) -> None:
    """Download what is missing and has a link."""
    columns = (TextColumn('{task.description}'), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=console) as bars:
        for path, entry in rows:
            if path.is_file() or entry is None or entry.made_from:
                continue
            bar = bars.add_task(entry.name, total=entry.size)
            try:
                download(
                    entry,
                    path,
                    progress=lambda have, total, bar=bar: bars.update(
                        bar, completed=have, total=total
                    ),
                )
            except DownloadError as error:
                console.print(f'error: {error}', markup=False, highlight=False, soft_wrap=True)


def main() -> int:
    """Print the table; 1 if a config needs a file that cannot be used."""
    args = parse_args()
    if args.markdown:
        print(as_markdown(), end='')
        return 0
    root = Path(args.root)
    console = Console(width=None if sys.stdout.isatty() else 160)
    try:
        names = named_by(args.configs)
    except (FileNotFoundError, RecipeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    if not args.configs:
        names = [f'checkpoints/{name}' for name in read_catalogue()]
    rows = wanted(names, root)
    if args.download:
        get(rows, console)
    usable = True
    for path, entry in rows:
        state, good = state_of(path, entry)
        usable &= good
        print(f'{path}: {state}')
        for line in about(entry):
            print(f'    {line}')
    if not rows:
        print('no weight file is needed')
    return int(bool(args.configs) and not usable)


if __name__ == '__main__':
    sys.exit(main())
