"""Corrections to other packages, in processes of their own: imports happen once."""

import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmwsss import import_hooks
from tests.warm.formatting import formatted

REPOSITORY = Path(__file__).parents[1]


def run_python(code: str, *start: str) -> str:
    """What code prints, in an interpreter of its own or in one that a command starts."""
    result = subprocess.run(
        [*(start or (sys.executable, '-W', 'ignore')), '-c', code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize('imports', ['mmwsss, mmengine.config', 'mmengine.config, mmwsss'])
def test_mmengine_knows_the_package_in_both_orders(imports):
    code = (
        f'import {imports}\n'
        'from mmengine.config.utils import MODULE2PACKAGE\n'
        'print(MODULE2PACKAGE["mmwsss"])'
    )
    assert run_python(code) == 'mmwsss'


@pytest.mark.parametrize('imports', ['mmwsss, mmengine.config', 'mmengine.config, mmwsss'])
def test_mmengine_finds_its_configs_in_an_editable_installation_too(imports, tmp_path):
    (tmp_path / 'mine.py').write_text("_base_ = ['mmwsss::cam/cam_r38_voc.py']")
    code = (
        f'import {imports}\n'
        f'cfg = mmengine.config.Config.fromfile({str(tmp_path / "mine.py")!r})\n'
        'print(cfg.model.type)'
    )
    assert run_python(code) == 'CAMGenerator'


def test_the_text_of_a_config_is_formatted_once():
    calls = []
    format_code = import_hooks._remember_last(lambda text, **style: calls.append(text) or style)
    assert format_code('a', width=1) == format_code('a', width=1) == {'width': 1}
    assert calls == ['a']
    assert format_code('a', width=2) == {'width': 2} and format_code('b') == {}
    assert calls == ['a', 'a', 'b']
    config = Config({'b': [1, 2], 'a': {'c': 'd'}})
    with formatted():
        text = "a = dict(c='d')\nb = [\n    1,\n    2,\n]\n"
        assert config.pretty_text == config.pretty_text == text


class Numbers(BaseDataset):
    def load_data_list(self):
        return [{'number': number} for number in range(3)]


def test_a_data_set_collects_no_garbage(monkeypatch):
    def collect():
        raise AssertionError('what is imported was looked at')

    monkeypatch.setattr('gc.collect', collect)
    assert [info['number'] for info in Numbers()] == [0, 1, 2]


def test_the_hub_finds_the_package_where_it_lies(warm_python):
    code = (
        'import mmwsss, mmengine.hub.hub as hub\n'
        'print(hub.get_installed_path("mmwsss") == mmwsss.__path__[0])'
    )
    assert run_python(code, warm_python) == 'True'


@pytest.mark.slow
def test_types_of_the_package_are_found_from_another_scope(warm_python):
    code = (
        'import mmwsss\n'
        'from mmseg.registry import MODELS\n'
        'print(MODELS.get("mmwsss.CAMHead").__name__)'
    )
    assert run_python(code, warm_python) == 'CAMHead'


def test_source_of_a_corrected_module_can_be_read():
    code = (
        'import mmwsss, inspect, mmengine.config.utils as module\n'
        'print("MODULE2PACKAGE = {" in inspect.getsource(module), module.__spec__.origin[-8:])'
    )
    assert run_python(code) == 'True utils.py'


def test_pkg_resources_where_setuptools_has_none():
    code = (
        'import sys\n'
        'import mmwsss\n'
        'finder = next(f for f in sys.meta_path if type(f).__name__ == "_PkgResourcesFinder")\n'
        'import importlib.util\n'
        'spec = finder.find_spec("pkg_resources")\n'
        'module = importlib.util.module_from_spec(spec)\n'
        'spec.loader.exec_module(module)\n'
        'sys.modules["pkg_resources"] = module\n'
        'import importlib; importlib.reload = lambda m: m\n'
        'from mmengine.utils import get_installed_path, is_installed\n'
        'print(is_installed("torch"), is_installed("no_such_thing"), '
        'get_installed_path("mmsegmentation").endswith("mmseg"))'
    )
    assert run_python(code) == 'True False True'


@pytest.mark.parametrize(
    ('version', 'expected'), [('4.49.0', 'True'), ('4.50.1', 'False'), ('5.24.0', 'False')]
)
def test_mmpretrain_beside_newer_transformers(version, expected):
    code = (
        'import importlib.metadata as metadata, types\n'
        'import mmwsss, sys\n'
        'from mmwsss import import_hooks\n'
        f'metadata.version = lambda name: {version!r}\n'
        'module = types.SimpleNamespace(WITH_MULTIMODAL=True)\n'
        'import_hooks._CORRECTIONS["mmpretrain.utils.dependency"](module)\n'
        'print(module.WITH_MULTIMODAL)'
    )
    assert run_python(code) == expected


def test_losses_of_decode_heads_are_built_without_a_warning():
    code = (
        'import warnings, mmwsss\n'
        'from mmseg.models import FCNHead\n'
        'with warnings.catch_warnings(record=True) as said:\n'
        '    warnings.simplefilter("always")\n'
        '    head = FCNHead(in_channels=2, channels=2, num_classes=3, num_convs=1)\n'
        'print(type(head.loss_decode).__name__, [str(s.message) for s in said])'
    )
    loss, said = run_python(code).splitlines()[-1].split(' ', 1)
    assert loss == 'CrossEntropyLoss' and 'deprecated' not in said
