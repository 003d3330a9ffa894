"""Stands in for tools/train.py: two epochs, each a checkpoint, in milliseconds."""

import sys
import time
from pathlib import Path

from toy import read


def main():
    args, cfg = read((['--resume'], {'action': 'store_true'}))
    pointer = args.work_dir / 'last_checkpoint'
    first = 0
    if args.resume and pointer.exists():
        first = int(Path(pointer.read_text()).stem.split('_')[1])
        print(f'resumed from epoch {first}', flush=True)
    for epoch in range(first, cfg['train_cfg']['max_epochs']):
        print(f'Epoch(train) [{epoch + 1}][2/2]  lr: 1e-3  loss: 0.5', flush=True)
        path = args.work_dir / f'epoch_{epoch + 1}.pth'
        path.write_text(f'{cfg["model"]} {epoch + 1}')
        pointer.write_text(str(path))
        trouble = Path(cfg['trouble']) / 'trouble'
        if trouble.is_file():
            if trouble.read_text() == 'explain':
                print('error: what is wrong', 'and what to do', sep='\n', file=sys.stderr)
                raise SystemExit(1)
            if trouble.read_text() == 'fail':
                print('RuntimeError: the toy is broken', file=sys.stderr)
                raise SystemExit(3)
            (args.work_dir / 'waiting').touch()
            time.sleep(60)


if __name__ == '__main__':
    main()
