"""``tools/model_converters/convert_checkpoint.py``."""

import runpy
from pathlib import Path

import pytest
import torch

from tests.test_models.test_conversion.test_convert import official_state, small_model

TOOL = Path(__file__).parents[2] / 'tools/model_converters/convert_checkpoint.py'


@pytest.fixture
def main():
    return runpy.run_path(str(TOOL))['main']


def test_converts(main, tmp_path, capsys):
    torch.save(official_state(small_model()), tmp_path / 'a.pth')
    main(['s2c', str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth')])
    assert f'wrote {tmp_path}/b.pth; dropped: bn8.weight' in capsys.readouterr().out
    converted = torch.load(tmp_path / 'b.pth', weights_only=True)
    assert converted['meta'] == dict(converted_from='s2c')
    assert set(converted['state_dict']) == set(small_model().state_dict())


def test_errors_exit(main, tmp_path):
    with pytest.raises(SystemExit, match='No such file'):
        main(['s2c', str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth')])
    torch.save({'a': torch.zeros(1)}, tmp_path / 'a.pth')
    with pytest.raises(SystemExit, match=r'a\.pth: this is not the expected checkpoint'):
        main(['s2c', str(tmp_path / 'a.pth'), str(tmp_path / 'b.pth')])


def test_help_says_what_each_kind_is(main, capsys):
    with pytest.raises(SystemExit):
        main(['--help'])
    text = capsys.readouterr().out
    assert 'net_main.pth' in text and 'resnet_38d.params' in text
    assert 'sam_vit_{b,l,h}_*.pth; SAM(checkpoint=...) reads them as they are' in text


def test_says_what_a_file_is(main, tmp_path, capsys):
    torch.save(official_state(small_model()), tmp_path / 'a.pth')
    main(['what', str(tmp_path / 'a.pth')])
    text = capsys.readouterr().out
    assert text.startswith(f'{tmp_path}/a.pth: s2c\n')
    assert '  fc9.weight -> head.classifier.weight\n' in text
    assert list(tmp_path.iterdir()) == [tmp_path / 'a.pth']


@pytest.mark.parametrize('arguments', [['what', 'a.pth', 'b.pth'], ['s2c', 'a.pth']])
def test_target_where_there_is_something_to_write(main, arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert 'a target is needed to convert, and none to see' in capsys.readouterr().err
