"""Every config that trains is in its folder's ``metafile.yml``, and every number has a status."""

from pathlib import Path

import pytest
import yaml

from mmwsss.config import read_config

ROOT = Path(__file__).parents[1]
METAFILES = sorted(ROOT.glob('configs/*/metafile.yml'))
STATUSES = ('paper', 'reproduced', 'measured', 'not yet run')


def trained_configs():
    for path in sorted(ROOT.glob('configs/*/*.py')):
        if path.stem.endswith('_recipe') or path.parent.name == '_base_':
            continue
        if read_config(path).get('train_cfg'):
            yield path.relative_to(ROOT).as_posix()


@pytest.fixture(scope='module')
def models():
    return [m for file in METAFILES for m in yaml.safe_load(file.read_text())['Models']]


def test_every_trained_config_is_listed_once(models):
    assert sorted(model['Config'] for model in models) == sorted(trained_configs())


@pytest.mark.parametrize('file', METAFILES, ids=lambda file: file.parent.name)
def test_collections(file):
    content = yaml.safe_load(file.read_text())
    names = [collection['Name'] for collection in content['Collections']]
    for collection in content['Collections']:
        assert (ROOT / collection['README']).is_file()
    for model in content['Models']:
        assert model['In Collection'] in names
        assert model['Name'] == Path(model['Config']).stem


def test_every_number_has_a_status(models):
    for model in models:
        for result in model.get('Results', ()):
            numbers = list(result['Metrics'].values())
            assert result['Status'] in STATUSES, model['Name']
            assert numbers and (None in numbers) == (result['Status'] == 'not yet run'), model
