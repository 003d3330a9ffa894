"""Test a model, or run a stage that writes a store: ``tools/test.py CONFIG [CHECKPOINT]``."""

from pathlib import Path

from mmwsss.engine.cli import readable_errors, stage_parser, start_processes
from mmwsss.engine.launch import leave_processes, load_config
from mmwsss.engine.testing import run_test
from mmwsss.visualization.showing import prepare_painting


def parse_args():
    """Read the command line."""
    parser = stage_parser(__doc__)
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help="weights, or a training's folder; not needed where the model has nothing to train",
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='redo a store that another model has made'
    )
    parser.add_argument(
        '--tta', action='store_true', help="the config's test-time augmentation (tta_model)"
    )
    parser.add_argument(
        '--show-dir', type=Path, help='folder for pictures of what the test makes of each photo'
    )
    return parser.parse_args()


def main() -> None:
    """Test."""
    args = parse_args()
    with readable_errors(args.debug):
        start_processes(__file__, args)
        cfg = load_config(args.config, work_dir=args.work_dir, cfg_options=args.cfg_options)
        paint = None if args.show_dir is None else prepare_painting(cfg, args.show_dir)
        run_test(
            cfg,
            args.checkpoint,
            tta=args.tta,
            overwrite=args.overwrite,
            launcher=args.launcher,
            seed=args.seed,
            trust_checkpoint=args.trust_checkpoint,
        )
        if paint is not None:
            paint()
        leave_processes()


if __name__ == '__main__':
    main()
