"""The benchmarks of S2C run and compare what they time; no times are asserted."""

from multiprocessing import get_context

import pytest

from benchmarks import segment_contrast


@pytest.mark.slow
def test_segment_contrast(capsys, monkeypatch):
    # Forked: they need not import everything again; peaks of memory are not its business.
    monkeypatch.setattr('multiprocessing.get_context', lambda method: get_context('fork'))
    assert len(segment_contrast.main(['--images', '2', '--ids', '9', '--size', '64'])) == 2
    assert 'of the largest' in capsys.readouterr().out


def test_prompting(capsys):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from benchmarks import prompting

    small = ['--images', '2', '--pairs', '3', '--side', '128', '--repeat', '1']
    assert min(prompting.main(small)) > 0
    assert 'mask pixels that differ' in capsys.readouterr().out


def test_everything_mode(capsys):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from benchmarks import everything_mode

    assert everything_mode.main(['--points', '4', '--size', '60', '80']) > 0
    assert 'pixels that differ' in capsys.readouterr().out


def test_training_step(capsys):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from benchmarks import s2c_step

    small = ['--arch', 'tiny', '--batch', '2', '--size', '64', '--channels', '2']
    assert s2c_step.main(small).wall > 0
    printed = capsys.readouterr().out
    assert 'loss_cpm' in printed and 'peak' in printed
