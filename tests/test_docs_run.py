"""Snippets of docs/ that need nothing but the built-in data run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from mmwsss.config import read_config
from mmwsss.engine.parts import check_parts
from mmwsss.registry import MODELS, REFINERS
from mmwsss.stores import StoreMeta, create_store, open_store
from mmwsss.structures import Seeds

ROOT = Path(__file__).parents[1]
NAMES = ('dog', 'bird', 'boat')
STORE = 'work_dirs/demo_recipe/seeds_train/scores'


def snippet(page, word):
    """The Python snippet of a page that holds a word."""
    found = re.findall(r'```python\n(.*?)```', (ROOT / 'docs' / page).read_text(), re.S)
    (code,) = [code for code in found if word in code]
    return code


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as the snippets have it: the clone's configs and projects, a store of the demo."""
    for part in ('configs', 'projects'):
        (tmp_path / part).symlink_to(ROOT / part)
    monkeypatch.chdir(tmp_path)
    scores = np.random.default_rng(0).random((2, 8, 10), dtype=np.float32)
    store = create_store(STORE, StoreMeta('scores', NAMES, 'of one photo'))
    store.write('train_0001', Seeds(np.array([0, 2]), scores, size=(32, 40)))
    return tmp_path


@pytest.mark.parametrize('page, word', [('15_minutes.md', 'open_store'), ('stores.md', 'create_s')])
def test_of_stores(folder, page, word):
    found = {'names': NAMES, 'ids': ['train_0001']}
    exec(compile(snippet(page, word), page, 'exec'), found)
    assert found['mask'].shape == (32, 40) and set(np.unique(found['mask'])) <= {0, 1, 3}
    if 'new' in found:
        np.testing.assert_array_equal(open_store('my_masks', 'masks')['train_0001'], found['mask'])


@pytest.mark.parametrize(
    'page, word, place',
    [
        ('how_to/trackers.md', 'TensorboardVisBackend', '.'),
        ('add_a_method.md', "_base_ = ['../../configs", 'projects/example_project'),
        ('add_a_method.md', "imports=['edge_cam']", '.'),
    ],
)
def test_of_configs(folder, page, word, place, monkeypatch):
    code = snippet(page, word).replace("'../../configs", f"'{folder}/configs")
    Path('mine.py').write_text(code)
    monkeypatch.syspath_prepend(str(folder))
    cfg = read_config('mine.py', import_custom_modules='edge_cam' not in code)
    if 'edge_cam' in code:
        cfg.model = dict(cfg.model, type='CAMGenerator')
        cfg.model.pop('share')
    check_parts(cfg.to_dict())
    assert cfg.train_cfg.max_epochs == 12


def test_of_a_refiner(folder, monkeypatch):
    Path('smoothed.py').write_text(snippet('add_a_method.md', 'class Smoothed'))
    Path('mine.py').write_text(snippet('add_a_method.md', "imports=['smoothed']"))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(REFINERS, '_module_dict', dict(REFINERS.module_dict))
    cfg = read_config('mine.py')
    check_parts(cfg.to_dict())
    model = MODELS.build(cfg.model)
    seeds = open_store(STORE)['train_0001']
    sample = SegDataSample(metainfo=dict(img_id='train_0001', ori_shape=seeds.size))
    sample.seeds = seeds
    image = torch.zeros(3, *seeds.size, dtype=torch.uint8)
    (sample,) = model.test_step(dict(inputs=[image], data_samples=[sample]))
    assert set(np.unique(sample.pred_sem_seg.data[0])) <= {0, 1, 3}
    assert model.store_output().refiner['width'] == 7


@pytest.mark.parametrize('page, word', [('how_to/correct_and_retrain.md', 'corrected_repeat')])
def test_of_parts_of_configs(page, word):
    content = {}
    exec(compile(snippet(page, word), page, 'exec'), content)
    check_parts({key: value for key, value in content.items() if not key.startswith('_')})
