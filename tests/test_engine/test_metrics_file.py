"""``metrics.json``."""

import json

import numpy as np

from mmwsss.engine.metrics_file import write_metrics


def test_numbers_and_protocol(tmp_path):
    write_metrics(tmp_path, {'mIoU': np.float32(0.5), 'n': 3}, {'scales': [1, 2]})
    written = json.loads((tmp_path / 'metrics.json').read_text())
    assert written == {'mIoU': 0.5, 'n': 3, 'protocol': {'scales': [1, 2]}}
