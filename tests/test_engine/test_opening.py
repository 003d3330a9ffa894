"""What a log begins with."""

from pathlib import Path

from mmwsss.config import read_config
from mmwsss.engine import build_runner, load_config
from mmwsss.engine.opening import opening
from tests.test_engine.runs import write_config
from tests.warm.formatting import formatted

CONFIG = """
model = dict(type='CAMGenerator', backbone=dict(type='mmpretrain.ResNet'))
images = dict(type='TaggedFolder', data_root='/my/photos', ann_file='few.txt', pipeline=[1])
train_dataloader = dict(dataset=dict(type='PseudoMaskDataset', store='/w/masks', images=images))
test_dataloader = dict(dataset=dict(type='RepeatDataset', dataset=images))
"""


def test_says_what_on_what_and_where(tmp_path):
    (tmp_path / 'c.py').write_text(CONFIG)
    cfg = read_config(tmp_path / 'c.py')
    text = opening(cfg, work_dir='/w', seed=7, processes=2, file=Path('/w/1/environment.txt'))
    lines = dict(line.split(maxsplit=1) for line in text.strip().splitlines())
    assert list(lines) == ['what', 'on', 'by', 'train', 'test', 'results', 'details']
    assert lines['what'] == f'CAMGenerator (mmpretrain.ResNet), {tmp_path}/c.py'
    assert lines['on'].startswith('2 processes, each ') and 'seed 7' in lines['on']
    photos = 'TaggedFolder, in /my/photos, ann_file few.txt'
    assert lines['train'] == f'{photos}, masks of /w/masks' and lines['test'] == photos
    assert lines['results'] == '/w' and lines['details'] == '/w/1/environment.txt'


def test_a_run_begins_with_it_and_puts_the_rest_beside(tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', lambda: {'GCC': 'some'})
    cfg = load_config(write_config(tmp_path), work_dir=str(tmp_path / 'run'))
    cfg.experiment_name = 'opening'  # of its own: others must not share its log
    with formatted():
        runner = build_runner(cfg)
    (log,) = tmp_path.rglob('*.log')
    first = log.read_text()[:600]
    assert '  what     ToyModel' in first and '  results  ' in first
    assert 'System environment' not in log.read_text() and 'Config:' not in log.read_text()
    (file,) = tmp_path.rglob('environment.txt')
    text = file.read_text()
    assert str(file) in first and 'System environment' in text
    assert 'GCC: some' in text and 'Config:' in text and f"work_dir = '{runner.work_dir}'" in text
