"""The test suite itself: what the shell exports, and which tests share a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import remembered_configs
from tests.configs import read
from tests.remembered_configs import variables_of_configs


def test_exported_variables_of_configs_do_not_reach_the_tests():
    names = sorted(variables_of_configs())
    assert {'VOC_ROOT', 'COCO_ROOT', 'SHAPES_ROOT', 'DATA', 'SCORE_STORE'} <= set(names)
    code = f'import os, tests.conftest; print([n for n in {names} if n in os.environ])'
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, 'PYTHONPATH': root, **dict.fromkeys(names, '/elsewhere')}
    command = [sys.executable, '-c', code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == '[]'


def test_configs_that_are_remembered_are_as_read(monkeypatch):
    def content(data):
        cfg = read('refine/threshold.py', data)
        return cfg, (cfg.to_dict(), cfg.text, cfg.filename)

    changed, _ = content('voc')
    changed.test_dataloader.dataset.clear()
    remembered = [content(data)[1] for data in ('voc', 'coco', 'voc')]
    monkeypatch.setattr(remembered_configs, 'is_shipped', lambda *arguments: False)
    assert remembered == [content(data)[1] for data in ('voc', 'coco', 'voc')]
    assert remembered[0] != remembered[1]


@pytest.fixture(scope='module')
def made():
    return []


def test_who_shares_a_fixture_shares_a_process(request, made):
    assert [m.args for m in request.node.iter_markers('xdist_group')] == [(__name__,)]
    if request.config.getoption('loadgroup', default=False):  # in a process of xdist
        assert request.node.nodeid.endswith(f'@{__name__}')


def test_who_shares_none_goes_anywhere(request):
    assert not list(request.node.iter_markers('xdist_group'))
