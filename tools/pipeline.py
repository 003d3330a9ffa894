"""Run a recipe, from tags to a trained segmentor: ``tools/pipeline.py RECIPE``."""

import argparse
import sys

from mmwsss.config.key_value import KeyValue
from mmwsss.recipes.errors import PipelineError, RecipeError
from mmwsss.recipes.launching import LAUNCHERS
from mmwsss.recipes.pipeline import run_pipeline


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('recipe', help='recipe config, e.g. configs/demo/demo_recipe.py')
    parser.add_argument('--work-dir', help='folder of the run (default: work_dirs/<recipe>)')
    parser.add_argument('--dry-run', action='store_true', help='only print what would be done')
    parser.add_argument(
        '--from', dest='from_stage', metavar='STAGE', help='take earlier stages as they are'
    )
    parser.add_argument('--until', dest='until_stage', metavar='STAGE', help='stop after it')
    parser.add_argument(
        '--set',
        dest='variables',
        nargs='+',
        action='extend',
        default=[],
        metavar='NAME=VALUE',
        help="values of the recipe's variables",
    )
    parser.add_argument(
        '--stage-options',
        '--cfg-options',
        nargs='+',
        action=KeyValue,
        metavar='STAGE.KEY=VALUE',
        help="values over those of the stages' configs: cam.train_cfg.max_epochs=5; another "
        'total batch: cam.batch.total=8',
    )
    parser.add_argument('--seed', type=int, help="seed of all stages (default: their configs')")
    parser.add_argument(
        '--gpus', '--nproc', dest='nproc', type=int, default=1, help='processes a stage (1)'
    )
    parser.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='slurm: each stage through srun, with $SRUN_ARGS (default: torch.distributed.run '
        'for several processes)',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='delete older results of changed stages instead of keeping them as STAGE.old',
    )
    parser.add_argument(
        '--ignore-code', action='store_true', help='accept results of older code as done'
    )
    parser.add_argument(
        '--skip-checks',
        action='store_true',
        help='begin without looking whether files, data and packages of all stages are there',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='unpickle checkpoints fully, which may run code in them: only for files you trust',
    )
    args = parser.parse_args()
    wrong = [text for text in args.variables if '=' not in text]
    if wrong:
        parser.error(f'--set takes NAME=VALUE, found {" ".join(wrong)}')
    args.variables = dict(text.split('=', 1) for text in args.variables)
    return args


def main() -> None:
    """Run the recipe."""
    try:
        run_pipeline(**vars(parse_args()))
    except (PipelineError, RecipeError) as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
