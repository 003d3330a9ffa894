"""A recipe through the real tools: train, seeds, masks, report."""

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console

from mmwsss.apis import run_pipeline
from mmwsss.recipes import warm
from mmwsss.recipes.identity import file_hashes
from mmwsss.stores import open_store

CONFIGS = Path(__file__).parents[2] / 'configs'
CAM = """
_base_ = '{configs}/cam/cam_r18_shapes.py'
data = {shapes}
serial = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=4, dataset=data, **serial)
val_dataloader = dict(dataset=data, **serial)
test_dataloader = dict(dataset=data, **serial)
model = dict(
    backbone=dict(stem_channels=8, base_channels=8, num_stages=2, strides=(1, 2),
                  dilations=(1, 1), out_indices=(1,)),
    head=dict(in_channels=16, num_classes={count}),
)
train_cfg = dict(max_epochs=1)
default_hooks = dict(logger=dict(interval=1))
"""
MASKS = """
_base_ = '{configs}/refine/threshold.py'
test_dataloader = dict(dataset={shapes}, num_workers=0, persistent_workers=False)
"""
RECIPE = """
data = 'shapes'
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
recipe = [
    dict(name='cam', config='cam.py', action='train'),
    dict(name='seeds', config='cam.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    dict(name='masks', config='masks.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
]
report = dict(scores='seeds.scores', masks='masks.masks', limit=4)
"""


def run(folder, **options):
    text = io.StringIO()
    console = Console(file=text, width=140)
    rows = run_pipeline(folder / 'recipe.py', work_dir=folder / 'w', console=console, **options)
    return {row['stage']: row for row in rows}, text.getvalue()


@pytest.mark.slow
def test_recipe_with_the_real_tools(tmp_path, tiny_shapes, warm_stages):
    shapes = {k: v for k, v in tiny_shapes.items() if k != 'type'}
    (tmp_path / 'cam.py').write_text(CAM.format(configs=CONFIGS, shapes=shapes, count=6))
    (tmp_path / 'masks.py').write_text(MASKS.format(configs=CONFIGS, shapes=shapes))
    (tmp_path / 'recipe.py').write_text(RECIPE)

    rows, text = run(tmp_path, ignore_code=True)
    assert 0 <= rows['seeds']['seed'] <= 100 and 0 <= rows['masks']['mask'] <= 100
    assert rows['seeds']['protocol']['scored'] == 12 and rows['seeds']['list'] == 'train'
    assert len(open_store(tmp_path / 'w' / 'masks' / 'masks', 'masks')) == 12
    page = (tmp_path / 'w' / 'report.html').read_text()
    assert '4 of 12 images' in page and 'ground truth' in page
    assert '<dt>checkpoint</dt>' in page and '<dt>pseudo masks</dt>' in page
    manifest = json.loads((tmp_path / 'w' / 'manifest.json').read_text())
    assert [stage['state'] for stage in manifest['stages']] == ['done'] * 3
    assert manifest['stages'][1]['list_hash'] == manifest['stages'][2]['list_hash']

    _, text = run(tmp_path, dry_run=True, ignore_code=True)
    assert '0 of 3 stages will run' in text
    (tmp_path / 'w' / 'seeds' / 'scores' / 'train_00003.npz').unlink()
    _, text = run(tmp_path, dry_run=True, ignore_code=True)
    assert 'seeds  will continue' in text and 'takes what seeds will make' in text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != 'linux', reason='forks on Linux only')
def test_stages_from_a_warm_process_make_what_fresh_ones_make(
    tmp_path, tiny_shapes, monkeypatch, warm_python
):
    shapes = {k: v for k, v in tiny_shapes.items() if k != 'type'}
    (tmp_path / 'cam.py').write_text(CAM.format(configs=CONFIGS, shapes=shapes, count=6))
    (tmp_path / 'masks.py').write_text(MASKS.format(configs=CONFIGS, shapes=shapes))
    (tmp_path / 'recipe.py').write_text(RECIPE)
    started = []
    fork = warm.WarmStarts._fork

    def forking(*arguments):
        started.append('warm')
        return fork(*arguments)

    monkeypatch.setattr(warm, '_on_cpu', lambda: True)
    monkeypatch.setattr(warm.WarmStarts, '_fork', forking)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    with monkeypatch.context() as changed:  # the warm process need not start cold
        changed.setattr(sys, 'executable', warm_python)
        rows, _ = run(tmp_path)
    (tmp_path / 'w').rename(tmp_path / 'warm')
    monkeypatch.setattr(warm, '_on_cpu', lambda: False)
    fresh, _ = run(tmp_path)
    assert started == ['warm'] * 3
    for stage, kind in (('seeds', 'scores'), ('masks', 'masks')):
        stores = [file_hashes(tmp_path / folder / stage / kind) for folder in ('warm', 'w')]
        for store in stores:
            del store['meta.json']  # says when
        assert stores[0] == stores[1] and len(stores[0]) >= 12
        assert rows[stage]['seed'] == fresh[stage]['seed']
    one, other = (
        torch.load(tmp_path / folder / 'cam' / 'epoch_1.pth', weights_only=True)
        for folder in ('warm', 'w')
    )
    assert repr(one['mmwsss_resume']) == repr(other['mmwsss_resume'])
    assert one['state_dict'].keys() == other['state_dict'].keys()
    for name, value in one['state_dict'].items():
        assert torch.equal(value, other['state_dict'][name]), name
