"""The snippets of docs/refine.md run as they stand, one after the other."""

import re
from pathlib import Path

import numpy as np
import torch

from mmwsss.config import read_config
from mmwsss.registry import MODELS
from tests.conftest import photo

ROOT = Path(__file__).parents[1]
SNIPPETS = re.findall(r'```python\n(.*?)```', (ROOT / 'docs/refine.md').read_text(), re.S)


def test_snippets(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    checkpoint = tmp_path / 'irn.pth'
    torch.manual_seed(0)
    model = MODELS.build(read_config('configs/refine/irn_r18_shapes.py').model)
    torch.save({'state_dict': model.state_dict()}, checkpoint)
    truth = np.zeros((96, 128), np.uint8)
    truth[20:60, 30:90], truth[:, :3] = 8, 255
    names = {
        'image': photo(96, 128),
        'scores': np.random.default_rng(0).random((2, 24, 32), dtype=np.float32),
        'truth': truth,
        'checkpoint': str(checkpoint),
    }
    for code in SNIPPETS:
        exec(compile(code, 'docs/refine.md', 'exec'), names)
    for name in ('plain', 'sure', 'centre', 'voted', 'ir_labels', 'labels'):
        assert names[name].shape == (96, 128)
        assert set(np.unique(names[name])) <= {0, 8, 12, 255}
    assert names['low'].background.sum() > names['high'].background.sum()
    assert names['spread'].shape == (1, 2, 24, 32)
    assert np.isfinite(names['f'][7]) and np.isnan(names['f'][0])
