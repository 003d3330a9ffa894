"""The command ``mmwsss``."""

import sys

import pytest

from mmwsss import __main__ as cli
from mmwsss.installed import find_part
from mmwsss.version import __version__


def test_list_of_commands(capsys):
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in [*cli.COMMANDS, 'doctor'])


def test_version(capsys):
    assert cli.main(['--version']) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_mistyped_command(capsys):
    assert cli.main(['tran']) == 2
    assert "no command 'tran'. Did you mean train?" in capsys.readouterr().err


@pytest.mark.parametrize('name', cli.COMMANDS)
def test_every_command_is_a_tool_and_has_an_example(name):
    command = cli.COMMANDS[name]
    assert (find_part('tools') / command.script).is_file()
    assert command.example.startswith(f'mmwsss {name} ')
    assert '--help' not in command.example


def test_the_doctor_explains_itself(capsys):
    assert cli.main(['doctor', '--help']) == 0
    assert 'It takes no options' in capsys.readouterr().out


@pytest.fixture(autouse=True)
def own_arguments(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['before'])
    monkeypatch.setattr(sys, 'path', [*sys.path])


def test_a_tool_is_started_with_its_arguments(capsys):
    main = sys.modules['__main__']
    with pytest.raises(SystemExit) as stop:
        cli.main(['run', '--help'])
    assert sys.modules['__main__'] is main
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith('mmwsss run: run a recipe')
    assert cli.COMMANDS['run'].example in text
    assert '--stage-options' in text and '--cfg-options' in text, 'as the other tools call it'


@pytest.mark.parametrize('name', cli.COMMANDS)
def test_usage_names_the_command_that_was_typed(name, capsys):
    with pytest.raises(SystemExit):
        cli.main([name, '--help'])
    assert f'usage: mmwsss {name} ' in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        cli.main([name, '--no-such-option'])
    assert stop.value.code == 2 and f'mmwsss {name}: error: ' in capsys.readouterr().err
