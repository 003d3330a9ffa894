import io

import pytest
from mmengine.config import Config
from rich.console import Console

from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.stage_folder import StageFolder
from mmwsss.recipes.summary import (
    column_of,
    find_background,
    find_miou,
    list_of,
    print_summary,
    summarise,
)
from mmwsss.stores.atomic import atomic_write_json


@pytest.mark.parametrize(
    ('cfg', 'column'),
    [
        ({'test_cfg': {'kind': 'scores'}}, 'seed'),
        ({'test_cfg': {'kind': 'masks'}, 'model': {'type': 'RefineModel'}}, 'mask'),
        ({'test_cfg': {'kind': 'masks'}, 'model': {'decode_head': {}}}, 'segmentor'),
        ({'test_cfg': {}}, 'segmentor'),
        ({}, 'segmentor'),
    ],
)
def test_column(cfg, column):
    assert column_of(Config(cfg)) == column


@pytest.mark.parametrize(
    ('dataset', 'name'),
    [
        ({'ann_file': 'ImageSets/val.txt'}, 'val'),
        ({'split': 'train'}, 'train'),
        ({'type': 'PseudoMaskDataset', 'images': {'split': 'train'}}, 'train'),
        ({'dataset': {'images': {'ann_file': 'a/b.txt'}}}, 'b'),
        ({'ann_file': ''}, 'all'),
        ({}, 'all'),
    ],
)
def test_list(dataset, name):
    cfg = Config({'train_dataloader': {'dataset': dataset}})
    assert list_of(Stage('s', None, 'train'), cfg) == name
    assert list_of(Stage('s', None, 'train', list_name='mine'), cfg) == 'mine'


def test_metrics():
    assert find_miou({'seeds/mIoU': 12, 'protocol': {}}) == 12
    assert find_miou({'mIoU_fixed': 1, 'aAcc': 3}) is None
    assert find_background({'seeds/threshold': 0.25}) == 0.25
    assert find_background({'masks/mIoU': 0.25}) is None


def test_table(tmp_path):
    names = ('seeds', 'later', 'broken', 'nothing')
    folders = {
        name: StageFolder(Stage(name, None, 'test', is_baseline=name == 'nothing'), tmp_path / name)
        for name in names
    }
    for name in ('seeds', 'nothing'):
        folders[name].begin({'config': {}}, ['run'], 0)
        metrics = {'seeds/mIoU': 41.237, 'seeds/threshold': 0.3, 'protocol': {'list': 'abc'}}
        atomic_write_json(tmp_path / name / 'metrics.json', metrics)
        folders[name].finish(75.0)
    folders['broken'].begin({'config': {}}, ['run'], 0)
    configs = dict.fromkeys(names, Config({'test_cfg': {'kind': 'scores'}}))
    states = dict(zip(names, ('done', 'not run', 'unfinished', 'done'), strict=True))
    rows = summarise(folders, configs, states)
    assert [row['state'] for row in rows] == list(states.values())
    assert rows[0]['seed'] == 41.237 and rows[1]['seed'] is None
    text = io.StringIO()
    print_summary(rows, Console(file=text, width=140))
    assert '41.24' in text.getvalue() and '1:15 min' in text.getvalue()
    assert 'nothing (baseline)' in text.getvalue() and 'not run' in text.getvalue()
    assert 'all numbers: background score 0.3 (best on these masks), list abc' in text.getvalue()
    rows[0]['protocol'] = {'list': 'abc', 'stride': 4}
    text = io.StringIO()
    print_summary(rows, Console(file=text, width=140))
    assert 'all numbers: list abc\nseeds: stride 4\nnothing: background' in text.getvalue()


def test_oracle_tags_stand_in_no_column(tmp_path):
    folder = StageFolder(Stage('val', None, 'test'), tmp_path / 'val')
    folder.begin({'config': {}}, ['run'], 0)
    metrics = {'oracle_tags/mIoU': 81.1, 'protocol': {'list': 'abc'}}
    atomic_write_json(tmp_path / 'val' / 'metrics.json', metrics)
    folder.finish(1.0)
    config = Config({'test_cfg': {'kind': 'masks'}})
    (row,) = rows = summarise({'val': folder}, {'val': config}, {'val': 'done'})
    assert row['mask'] is row['seed'] is row['segmentor'] is None
    text = io.StringIO()
    print_summary(rows, Console(file=text, width=140))
    assert 'val: mIoU with oracle tags 81.10 (knows the image-level labels' in text.getvalue()


def test_outdated_numbers_are_marked(tmp_path):
    folder = StageFolder(Stage('val', None, 'test'), tmp_path / 'val')
    folder.begin({'config': {}}, ['run'], 0)
    atomic_write_json(tmp_path / 'val' / 'metrics.json', {'mIoU': 81.1})
    folder.finish(75.0)
    rows = summarise({'val': folder}, {'val': Config({})}, {'val': 'outdated'})
    text = io.StringIO()
    print_summary(
        rows, Console(file=text, width=140, force_terminal=True, color_system='truecolor')
    )
    row = next(line for line in text.getvalue().splitlines() if '81.10' in line)
    assert 'outdated' in row and '1:15' not in row and '\x1b[2m' in row, 'dimmed'
    assert 'outdated: val (of older config, inputs or code' in text.getvalue()
