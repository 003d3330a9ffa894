"""A recipe through the real tools: train, seeds, masks, report."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from mmwsss.apis import run_pipeline
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
