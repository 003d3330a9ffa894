import json
import re

import numpy as np
import pytest
from PIL import Image

from mmwsss.registry import DATASETS
from tools.analysis_tools import compare_stores, judge

CONFIG = 'configs/cam/cam_r18_shapes.py'


def options(tiny_shapes):
    drawing = [
        f'test_dataloader.dataset.drawing.{k}={v}' for k, v in tiny_shapes['drawing'].items()
    ]
    root = f'test_dataloader.dataset.data_root={tiny_shapes["data_root"]}'
    return ['--cfg-options', root, *drawing]


def test_import_judge_and_compare(tiny_shapes, tmp_path, capsys):
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'pipeline': []})
    (tmp_path / 'seeds').mkdir()
    rng = np.random.default_rng(0)
    for index, id in enumerate(dataset.ids):
        info = dataset.get_data_info(index)
        tags, size = np.flatnonzero(info['gt_label']), Image.open(info['img_path']).size[::-1]
        maps = rng.random((len(tags), *size)).astype(np.float32)
        np.save(tmp_path / f'seeds/{id}.npy', {'keys': tags, 'high_res': maps})
    given, out = options(tiny_shapes), tmp_path / 'out'
    command = [CONFIG, str(tmp_path / 'seeds'), str(out), '--format', 'irn']
    judge.main([*command, *given])
    assert f'metrics, curves, tables and plots: {out}' in capsys.readouterr().out
    numbers = json.loads((out / 'metrics.json').read_text())
    assert numbers['seeds/mIoU'] > 0 and numbers['contours/bIoU'] > 0
    store = str(out / 'scores')
    backgrounds = ['--background-a', '0.3', '--background-b', '0.9']
    compare_stores.main([store, store, *backgrounds, '--config', CONFIG, *given])
    assert 'mIoU A ' in capsys.readouterr().out


def test_trouble_is_a_message(tmp_path, tiny_shapes, capsys):
    with pytest.raises(SystemExit):
        judge.main([CONFIG, str(tmp_path), str(tmp_path / 'out'), *options(tiny_shapes)])
    assert 'it is no store' in capsys.readouterr().err
    dataset = DATASETS.build({**tiny_shapes, 'split': 'train', 'pipeline': []})
    for index, id in enumerate(dataset.ids):
        tags = dataset.get_cat_ids(index)
        np.save(tmp_path / f'{id}.npy', {k: np.ones((7, 5), np.float32) for k in tags})
    command = [CONFIG, str(tmp_path), str(tmp_path / 'out'), '--format', 'class_map']
    with pytest.raises(SystemExit):
        judge.main([*command, *options(tiny_shapes)])
    error = capsys.readouterr().err
    assert re.search('error: SeedMetric: train_00000: .* differ in size', error), error
