"""Configs are programs; what comes from the environment into them is not."""

import ast
import os
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config

from mmwsss.config import ConfigError, read_config

ROOT = Path(__file__).parents[2]


def read(folder, text, name='a.py'):
    (folder / name).write_text(text)
    return read_config(folder / name)


@pytest.mark.parametrize(
    'value',
    [
        "o'brien",
        'a"b',
        "'''",
        '\\',
        'C:\\new\\table',
        'my results, 2 [a]',
        'a\nimport os',
        '#',
        '{x}',
        '{{$HOME:x}}',
        '{{_base_.x}}',
        '{{fileBasename}}',
        '$(touch x)',
        'é图',
        '\\g<0>',
        "' + str(__import__('pathlib').Path('ran').touch()) + '",
        '" + str(__import__("pathlib").Path("ran").touch()) + "',
    ],
)
def test_any_value_stays_a_value(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('ROOT_OF_MINE', value)
    cfg = read(
        tmp_path,
        """
# Photos in {{$ROOT_OF_MINE:data}}.
a = '{{$ROOT_OF_MINE:data}}'
b = "{{ $ROOT_OF_MINE : data }}/images"
c = '''{{$ROOT_OF_MINE:data}}
below'''
n = 3
d = f'{{$ROOT_OF_MINE:data}}/{n}'
e = dict(f=['{{$OTHER_OF_MINE:data}}'])
""",
    )
    assert cfg.a == value and cfg.b == f'{value}/images' and cfg.c == f'{value}\nbelow'
    assert cfg.d == f'{value}/3' and cfg.e.f == ['data']
    assert not (tmp_path / 'ran').exists()


def test_folder_of_the_config_stays_a_value(tmp_path):
    folder = tmp_path / "it's' + ran + '"
    folder.mkdir()
    text = "a = '{{ fileDirname }}'\nb = '{{fileBasename}} {{fileBasenameNoExtension}}'\n"
    cfg = read(folder, text + "c = '{{fileExtname}}'\n", "o'b.py")
    assert cfg.a == str(folder) and cfg.b == "o'b.py o'b" and cfg.c == '.py'


def test_outside_of_quotes_stands_a_literal(tmp_path, monkeypatch):
    text = "a = {{'$NUMBER_OF_MINE:8'}}\nb = {{'$NUMBER_OF_MINE:8'}} + 1\n"
    assert read(tmp_path, text).a == 8
    for value in ('3', '-2', '2.5', 'True'):
        monkeypatch.setenv('NUMBER_OF_MINE', value)
        cfg = read(tmp_path, text)
        assert cfg.a == ast.literal_eval(value) and cfg.b == ast.literal_eval(value) + 1
    monkeypatch.setenv('NUMBER_OF_MINE', '[1, "x"]')
    assert read(tmp_path, "a = {{'$NUMBER_OF_MINE:8'}}").a == [1, 'x']
    for value in ('x', '1; import os', '__import__("os")', '[' * 5000, '(' * 300, '3 4'):
        monkeypatch.setenv('NUMBER_OF_MINE', value)
        with pytest.raises(ConfigError, match='NUMBER_OF_MINE stands outside of quotes'):
            read(tmp_path, text)


@pytest.mark.parametrize('place', ["r'{{%s}}'", "b'{{%s}}'"])
def test_places_where_no_value_can_stand(tmp_path, monkeypatch, place):
    text = 'a = ' + place % '$VALUE_OF_MINE:x'
    monkeypatch.setenv('VALUE_OF_MINE', "o'b, x=1")
    with pytest.raises(ConfigError, match='the value of VALUE_OF_MINE cannot stand there'):
        read(tmp_path, text)


def test_variables_choose_bases_by_name_only(tmp_path, monkeypatch):
    (tmp_path / 'voc.py').write_text('a = 1\n')
    (tmp_path / 'own.py').write_text('a = 2\n')
    text = "_base_ = ['./{{$DATA_OF_MINE:voc}}.py']\nb = {{_base_.a}}\n"
    assert read(tmp_path, text, 'child.py').b == 1
    monkeypatch.setenv('DATA_OF_MINE', 'own')
    assert read(tmp_path, text, 'child.py').b == 2
    for value in ('../evil', '/tmp/evil', 'mmseg::evil', '..', "x', 'y"):
        monkeypatch.setenv('DATA_OF_MINE', value)
        with pytest.raises(ConfigError, match='DATA_OF_MINE chooses a file in _base_'):
            read(tmp_path, text, 'child.py')


def test_variable_without_value(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match='VALUE_OF_MINE is not set, and the config has no defaul'):
        read(tmp_path, "a = '{{$VALUE_OF_MINE:}}'")
    monkeypatch.setenv('VALUE_OF_MINE', '')
    with pytest.raises(ConfigError, match='VALUE_OF_MINE is empty'):
        read(tmp_path, "a = '{{$VALUE_OF_MINE:x}}'")


def test_yaml_and_json_are_refused(tmp_path):
    for name in ('b.yaml', 'b.yml', 'b.json', 'b'):
        (tmp_path / name).write_text('{}')
        with pytest.raises(ConfigError, match='configs are Python files'):
            read_config(tmp_path / name)
        with pytest.raises(ConfigError, match='configs are Python files'):
            read(tmp_path, f"_base_ = './{name}'")
    with pytest.raises(FileNotFoundError, match=r'none.py does not exist'):
        read_config(tmp_path / 'none.py')


def test_syntax_errors_name_file_and_line(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r'a\.py, line 2: '):
        read(tmp_path, 'a = 1\nb = (\n')
    monkeypatch.setenv('VALUE_OF_MINE', 'x')
    with pytest.raises(ConfigError, match=r'a\.py, line 2: '):
        read(tmp_path, "a = '{{$VALUE_OF_MINE:y}}'\nb = )\n")
    (tmp_path / 'base.py').write_text('a = 1\n\nb = )\n')
    with pytest.raises(ConfigError, match=r'base\.py, line 3: '):
        read(tmp_path, "_base_ = './base.py'")


def test_mmengine_is_left_as_it_was(tmp_path):
    before = dict(Config.__dict__)
    read(tmp_path, 'a = 1\n')
    with pytest.raises(ConfigError):
        read(tmp_path, 'a = (')
    assert dict(Config.__dict__) == before


def test_nobody_reads_configs_in_another_way():
    files = [*(ROOT / 'mmwsss').rglob('*.py'), *(ROOT / 'tools').rglob('*.py')]
    others = [p for p in files if 'Config.fromfile' in p.read_text() and p.name != 'reading.py']
    assert not others


@pytest.mark.parametrize('tool', ['train', 'test'])
def test_tools_take_variables_of_any_content(tmp_path, warm_python, tool):
    """The data set's error names the folder as it is, and nothing of it was run."""
    folder = tmp_path / "o'brien' + [open('ran', 'w')] + '"
    run = subprocess.run(
        [warm_python, ROOT / f'tools/{tool}.py', ROOT / 'configs/cam/cam_r18_folder.py',
         '--work-dir', tmp_path / 'w'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'FOLDER_ROOT': str(folder)},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert run.returncode == 1 and "o'brien" in run.stderr, run.stderr[-2000:]
    assert 'Traceback' not in run.stderr and not (tmp_path / 'ran').exists()


def test_a_base_that_is_not_there(tmp_path):
    folder = tmp_path / 'theirs' / '_base_' / 'datasets'
    folder.mkdir(parents=True)
    (folder / 'voc.py').write_text('a = 1\n')
    (tmp_path / 'theirs' / 'refine').mkdir()
    config = tmp_path / 'theirs' / 'refine' / 'a.py'
    config.write_text("_base_ = ['../_base_/datasets/{{$DATA_OF_MINE:vok}}.py']\n")
    with pytest.raises(ConfigError) as caught:
        read_config(config)
    assert str(caught.value) == (
        f"{config}: its _base_ vok.py is not in {folder}, did you mean 'voc'?; there are voc"
    )
    own = tmp_path / 'own' / 'configs' / '_base_' / 'datasets'
    own.mkdir(parents=True)
    (own / 'vok.py').write_text("_base_ = './more.py'\na = 2\n")
    (own / 'more.py').write_text('b = 3\n')
    (own / 'voc.py').write_text('a = 4\n')
    for place in (tmp_path / 'own' / 'configs', tmp_path / 'own' / 'configs' / 'vok'):
        cfg = read_config(config, own=place)
        assert (cfg.a, cfg.b) == (2, 3)
    config.write_text(config.read_text().replace(':vok', ':voc'))
    assert read_config(config, own=place).a == 1, 'theirs comes first'
