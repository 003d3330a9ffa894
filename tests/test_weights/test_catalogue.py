import hashlib
import re
from pathlib import Path

import pytest

from mmwsss.config import read_config
from mmwsss.models.conversion import FORMATS
from mmwsss.weights import WeightFile, find_weights, read_catalogue
from mmwsss.weights.catalogue import entries_of

CONFIGS = Path(__file__).parents[2] / 'configs'
NAMED = re.compile(r'checkpoints/([\w./-]+)')


def test_every_file_that_a_config_names_is_listed():
    for path in sorted(CONFIGS.rglob('*.py')):
        for name in NAMED.findall(path.read_text()):
            assert entries_of(name.rstrip('.')), f'{path}: {name} is not in files.yml'


def test_entries_are_complete():
    for entry in read_catalogue().values():
        if entry.made_from:
            assert entry.made_from in read_catalogue()
            assert entry.convert in FORMATS
            continue
        assert entry.licence, entry.name
        published = entry.sha256 or entry.sha256_prefix or entry.md5
        assert published or 'is verified but its name' in entry.remarks, entry.name
        assert entry.url or entry.remarks, entry.name
        assert entry.sha256 is None or re.fullmatch('[0-9a-f]{64}', entry.sha256)
        assert entry.md5 is None or re.fullmatch('[0-9a-f]{32}', entry.md5)


def test_a_hash_in_a_name_is_that_of_the_file():
    for entry in read_catalogue().values():
        found = re.search(r'-([0-9a-f]{8})\.pth$', entry.name)
        if found:
            assert (entry.sha256 or entry.sha256_prefix).startswith(found[1])


def test_files_of_a_folder():
    names = [entry.name for entry in entries_of('elsewhere/bert-base-uncased')]
    assert names == ['bert-base-uncased/config.json', 'bert-base-uncased/vocab.txt']
    assert entries_of('elsewhere/ViT-B-16.pt')[0].name == 'ViT-B-16.pt'
    assert entries_of('mine.pth') == []


def test_what_a_config_names():
    cfg = read_config(CONFIGS / 's2c/s2c_r38_voc.py').to_dict()
    assert [Path(path).suffix for path in find_weights(cfg)] == ['.params', '.pth']
    content = {'a': ['x/y.pt', {'b': ('checkpoints/folder', 'x/y.pt')}], 'c': 'package://p/q.pth'}
    assert list(find_weights(content)) == ['x/y.pt', 'checkpoints/folder']


@pytest.mark.parametrize('kind', ['sha256', 'sha256_prefix', 'md5'])
def test_a_copy_is_checked(tmp_path, kind):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'weights')
    digest = hashlib.new(kind.split('_')[0], b'weights').hexdigest()
    value = digest[:8] if kind == 'sha256_prefix' else digest
    assert WeightFile('a.pth', 'what', size=7, **{kind: value}).problem(path) == ''
    path.write_bytes(b'weighty')
    problem = WeightFile('a.pth', 'what', size=7, **{kind: value}).problem(path)
    assert f'published is {value}' in problem and 'damaged, or another file' in problem
    problem = WeightFile('a.pth', 'what', size=8, **{kind: value}).problem(path)
    assert '7 bytes, published are 8' in problem
