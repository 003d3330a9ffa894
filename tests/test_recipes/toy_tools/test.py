"""Stands in for tools/test.py: writes a mask store and its metrics."""

import json
import os
from pathlib import Path

import numpy as np
from toy import read

from mmwsss.stores import StoreMeta, create_store
from mmwsss.stores.hashing import hash_list


def main():
    os.fsync = lambda file: None
    args, cfg = read()
    ids = Path(cfg['test_dataloader']['dataset']['ann_file']).read_text().split()
    kind = cfg['test_cfg'].get('kind')
    if kind:
        meta = StoreMeta(kind, ('cat', 'dog'), hash_list(ids))
        store = create_store(args.work_dir / kind, meta)
        left = store.pending(ids)
        print(f'{len(left)} images are left', flush=True)
        for id in left:
            store.write(id, np.full((4, 4), cfg['model']['value'], np.uint8))
    print('Epoch(test) [2/2]', flush=True)
    checkpoint = cfg.get('load_from')
    value = float(len(Path(checkpoint).read_text())) if checkpoint else 1.0
    metrics = {'masks/mIoU': value, 'protocol': {'list': hash_list(ids), 'stride': 1}}
    (args.work_dir / 'metrics.json').write_text(json.dumps(metrics))


if __name__ == '__main__':
    main()
