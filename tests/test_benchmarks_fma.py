"""The benchmarks of FMA-WSSS run and compare what they time; no times are asserted."""

import pytest

from benchmarks import mask_seeding


def test_mask_seeding(capsys):
    ratios = mask_seeding.main(['--masks', '12', '--size', '60', '80', '--repeat', '1'])
    assert len(ratios) == 3 and capsys.readouterr().out.count('identical') == 3


@pytest.mark.slow
def test_grad_cam(capsys):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from benchmarks import grad_cam

    ratios = grad_cam.main(['--tiny', '--images', '2', '--size', '64'])
    assert set(ratios) == {'training', 'inference'}
    assert 'maps, gradients differ by' in capsys.readouterr().out


def test_fine_seed(capsys):
    pytest.importorskip('open_clip', reason='the extra [clip] is not installed')
    from benchmarks import fine_seed

    rates = fine_seed.main(['--tiny', '--images', '1', '--size', '48', '64'])
    assert len(rates) == 2 and 'images a CPU minute' in capsys.readouterr().out
