"""The benchmarks of Co2SAM run and compare what they time; no times are asserted."""

import pytest

from benchmarks import box_maps


def test_box_maps(capsys):
    assert len(box_maps.main(['--images', '2', '--side', '128', '--classes', '6'])) == 2
    assert 'pixels that differ: 0' in capsys.readouterr().out


@pytest.mark.slow
def test_training_step(capsys):
    pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')
    from benchmarks import co2sam_step

    assert set(co2sam_step.main(['--arch', 'tiny'])) == {'stored', 'live'}
    printed = capsys.readouterr().out
    assert 'peak' in printed and 'largest difference of a loss' in printed
