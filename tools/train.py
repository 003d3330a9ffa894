"""Train a stage: ``tools/train.py CONFIG``."""

from mmwsss.engine.cli import readable_errors, stage_parser, start_processes
from mmwsss.engine.launch import build_runner, leave_processes, load_config


def parse_args():
    """Read the command line."""
    parser = stage_parser(__doc__)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a file from the newest readable one in the work-dir',
    )
    parser.add_argument(
        '--total-batch',
        type=int,
        metavar='IMAGES',
        help="images a step over all processes, instead of the config's",
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    return parser.parse_args()


def main() -> None:
    """Train."""
    args = parse_args()
    with readable_errors(args.debug):
        start_processes(__file__, args)
        cfg = load_config(args.config, work_dir=args.work_dir, cfg_options=args.cfg_options)
        runner = build_runner(
            cfg,
            launcher=args.launcher,
            resume=args.resume,
            total_batch=args.total_batch,
            amp=args.amp,
            seed=args.seed,
            trust_checkpoint=args.trust_checkpoint,
        )
        runner.train()
        leave_processes()


if __name__ == '__main__':
    main()
