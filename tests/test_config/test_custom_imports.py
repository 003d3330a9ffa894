"""Errors in modules of one's own name the module, the file and the line, in one line."""

import re

import pytest

from mmwsss.config import ConfigError, read_config
from mmwsss.config.custom_imports import custom_modules


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Writes a package, of a name of its own, and a config that imports it; reads the config."""
    monkeypatch.chdir(tmp_path)

    def read(name, source, custom="dict(imports=['{name}'])"):
        (tmp_path / name).mkdir()
        (tmp_path / name / '__init__.py').write_text(source)
        (tmp_path / 'a.py').write_text(f'custom_imports = {custom.format(name=name)}\n')
        return read_config('a.py')

    return read


@pytest.mark.parametrize(
    ('name', 'source', 'said'),
    [
        ('lacks_numppy', 'import numppy', "line 1: No module named 'numppy'"),
        ('lacks_part', 'x = 1\nfrom . import part', "line 2: cannot import name 'part' from .*"),
        ('bad_syntax', '\n\nclass A\n', "line 3: expected ':'"),
        ('bad_value', 'def f():\n    return {}["x"]\nf()', "line 2: KeyError: 'x'"),
        (
            'registers_twice',
            'from mmwsss.registry import MODELS\n'
            'MODELS.register_module("TwiceOfMine", module=dict)\n'
            'MODELS.register_module("TwiceOfMine", module=dict)',
            'line 3: KeyError: .*TwiceOfMine is already registered.*',
        ),
    ],
)
def test_errors_within_a_package(broken, tmp_path, name, source, said):
    with pytest.raises(ConfigError) as caught:
        broken(name, source)
    place = re.escape(str(tmp_path / name / '__init__.py'))
    assert re.fullmatch(f'custom_imports of a.py: {place}, {said}', str(caught.value))


def test_a_package_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.py').write_text("custom_imports = dict(imports=['not_there_of_mine.net'])")
    with pytest.raises(ConfigError) as caught:
        read_config('a.py')
    said = str(caught.value)
    assert said.startswith('custom_imports of a.py: no module not_there_of_mine.net in ')
    assert str(tmp_path) in said and 'pip install -e .' in said and '\n' not in said
    read_config('a.py', import_custom_modules=False)


def test_what_may_fail(broken):
    custom = "dict(imports=['{name}'], allow_failed_imports=True)"
    with pytest.warns(UserWarning, match="No module named 'numppy'. It is left out"):
        broken('may_lack_numppy', 'import numppy', custom)
    with pytest.raises(ConfigError, match='ZeroDivisionError'):
        broken('divides', '1 / 0', custom)


@pytest.mark.parametrize(
    ('custom', 'said'),
    [
        ("['x']", r"custom_imports is dict\(imports=\[.*\), found \['x'\]"),
        ('dict(imports=3)', "found {'imports': 3}"),
        (
            "dict(imports=['os'], allow_failed_import=True)",
            "has no option 'allow_failed_import', it has imports and allow_failed_imports",
        ),
    ],
)
def test_other_kinds_of_values(tmp_path, custom, said):
    (tmp_path / 'a.py').write_text(f'custom_imports = {custom}')
    for imports in (False, True):
        with pytest.raises(ConfigError, match=rf'a\.py: .*{said}'):
            read_config(tmp_path / 'a.py', import_custom_modules=imports)


def test_custom_modules():
    custom = {'imports': 'a.b', 'allow_failed_imports': True}
    assert custom_modules({'custom_imports': custom}) == ['a.b']
    assert custom_modules({'custom_imports': custom}, required=True) == []
    assert custom_modules({'custom_imports': None}) == custom_modules({}) == []
