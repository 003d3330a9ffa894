import json

import pytest

from mmwsss.recipes.manifest import environment
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.stage_folder import StageFolder, read_json


@pytest.fixture
def folder(tmp_path):
    folder = StageFolder(Stage('cam', None, 'train'), tmp_path / 'cam')
    folder.begin({'config': {'a': 1}}, ['run'], 0.0)
    (tmp_path / 'cam' / 'epoch_1.pth').write_text('weights')
    (tmp_path / 'cam' / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    return folder


def test_outputs(folder):
    assert folder.output('checkpoint') == folder.folder / 'epoch_1.pth'
    assert folder.output('masks') is None and folder.output_hash('checkpoint') is None
    folder.finish(3.0)
    first = folder.output_hash('checkpoint')
    assert folder.intact() and folder.done['outputs']['checkpoint']['hash'] == first
    (folder.folder / 'epoch_1.pth').write_text('weights')  # written again, the same
    assert folder.intact()
    (folder.folder / 'epoch_1.pth').write_text('other')
    assert not folder.intact() and folder.output_hash('checkpoint') != first
    (folder.folder / 'epoch_1.pth').unlink()
    assert not folder.intact() and folder.output_hash('checkpoint') is None


def test_states(folder):
    assert folder.done is None and not folder.is_foreign()
    folder.interrupt(2.0)
    assert folder.started['seconds'] == 2.0
    folder.finish(5.0)
    assert folder.done['seconds'] == 5.0
    folder.begin({'config': {}}, ['run'], 0.0)
    assert folder.done is None, 'a result counts no longer once a new run has begun'


def test_broken_records_count_as_none(tmp_path):
    assert read_json(tmp_path / 'a.json') is None
    for text in ('{"a": ', '[1]', '\xff'):
        (tmp_path / 'a.json').write_text(text, encoding='latin1')
        assert read_json(tmp_path / 'a.json') is None


def test_environment_is_json():
    found = json.loads(json.dumps(environment()))
    assert found['packages']['mmengine'] and len(found['mmwsss']['code']) == 16
