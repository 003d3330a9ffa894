"""The example project: a method from outside the package trains, tests and leaves a store."""

import json
import subprocess
from pathlib import Path

import pytest

from mmwsss.stores import open_store

ROOT = Path(__file__).parents[2]
CONFIG = """
_base_ = '{root}/projects/example_project/lse_cam_r18_shapes.py'
data = {shapes}
serial = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=4, dataset=data, **serial)
val_dataloader = dict(dataset=data, **serial)
test_dataloader = dict(dataset=data, **serial)
train_cfg = dict(max_epochs=1, val_interval=1)
"""


@pytest.mark.slow
def test_trains_and_tests(tmp_path, tiny_shapes, warm_python):
    shapes = {k: v for k, v in tiny_shapes.items() if k != 'type'}
    config = tmp_path / 'lse.py'
    config.write_text(CONFIG.format(root=ROOT, shapes=shapes))
    for arguments in (
        ['tools/train.py', config, '--work-dir', tmp_path / 'train'],
        ['tools/test.py', config, tmp_path / 'train/epoch_1.pth', '--work-dir', tmp_path / 'test'],
    ):
        done = subprocess.run(
            [warm_python, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        if arguments[0].endswith('train.py'):
            assert 'tags/mAP' in done.stdout and 'seeds/mIoU' in done.stdout
    assert len(open_store(tmp_path / 'test/scores', 'scores')) == 12
    metrics = json.loads((tmp_path / 'test/metrics.json').read_text())
    assert 0 <= metrics['seeds/mIoU'] <= 100
