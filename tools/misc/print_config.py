"""Print a resolved config, or that of a stage of a recipe: ``print_config.py CONFIG``."""

import argparse

from mmwsss.config import read_config
from mmwsss.config.effects import check_option
from mmwsss.config.key_value import KeyValue
from mmwsss.config.writing import format_config
from mmwsss.engine.cli import readable_errors
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.resolving import merge_options, resolve_config
from mmwsss.recipes.surroundings import environment, resolve_variables


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of a stage, or a recipe with --stage')
    parser.add_argument('--stage', help="stage of a recipe; inputs are shown as 'stage.output'")
    parser.add_argument(
        '--cfg-options', nargs='+', action=KeyValue, default={}, metavar='KEY=VALUE'
    )
    return parser.parse_args()


def main() -> None:
    """Print it."""
    args = parse_args()
    with readable_errors():
        if args.stage:
            recipe = load_recipe(args.config)
            with environment(resolve_variables(recipe, {})):
                cfg = resolve_config(recipe.stage(args.stage), {})
        else:
            cfg = read_config(args.config, import_custom_modules=False)
        for key in args.cfg_options:
            check_option(cfg, key)
        merge_options(cfg, args.cfg_options)
        print(format_config(cfg), end='')


if __name__ == '__main__':
    main()
