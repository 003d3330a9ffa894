import json

import pytest

from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.trained import trained_network


def train(folder, begun, *, ended=True):
    folder.mkdir(parents=True)
    (folder / 'config.py').touch()
    (folder / 'epoch_1.pth').touch()
    (folder / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    for name in ('started.json', *['done.json'] * ended):
        (folder / name).write_text(json.dumps({'begun': begun}))


def test_the_last_training_by_time(tmp_path):
    train(tmp_path / 'z', '2026-01-01')
    train(tmp_path / 'a', '2026-01-02')
    train(tmp_path / 'b', '2026-01-03', ended=False)
    train(tmp_path / 'a.old', '2026-01-04')
    assert trained_network(tmp_path) == ('a', tmp_path / 'a/config.py', tmp_path / 'a/epoch_1.pth')
    assert trained_network(tmp_path, 'z').checkpoint == tmp_path / 'z/epoch_1.pth'
    assert trained_network(tmp_path / 'z').stage == 'z'


def test_the_last_training_of_the_manifest_that_is_no_baseline(tmp_path):
    for name in ('cam', 'segmentor', 'other'):
        train(tmp_path / name, '2026-01-01')
    stages = [{'name': name, 'baseline': name == 'other'} for name in ('cam', 'segmentor', 'other')]
    (tmp_path / 'manifest.json').write_text(json.dumps({'stages': stages}))
    assert trained_network(tmp_path).stage == 'segmentor'


def test_what_is_not_there(tmp_path):
    with pytest.raises(RecipeError, match='holds no trained network'):
        trained_network(tmp_path)
    with pytest.raises(RecipeError, match='no such folder'):
        trained_network(tmp_path / 'none')
    train(tmp_path / 'segmentor', '2026-01-01')
    with pytest.raises(RecipeError, match="'segmentr' has trained no network.*segmentor"):
        trained_network(tmp_path, 'segmentr')
