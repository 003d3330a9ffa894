"""The benchmarks of refiners run and compare what they time; no times are asserted."""

import pytest

from benchmarks import contours, random_walk


def test_random_walk(capsys):
    sizes = ['--irn', '12', '14', '--check', '10', '12', '--psa', '11', '13', '--maps', '2']
    assert len(random_walk.main(sizes)) == 3
    printed = capsys.readouterr().out
    assert 'extrapolated from one of 8 squarings' in printed
    assert printed.count('largest difference') == 3


def test_crf_classes(capsys):
    pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    from benchmarks import crf_classes

    assert crf_classes.main(['--images', '1', '--stride', '6', '--alphas', '4', '24']) > 0
    assert 'sharing changes no bit' in capsys.readouterr().out


def test_contours(capsys):
    assert contours.main(['--images', '2', '--stride', '3']) > 0
    assert 'all counts are equal' in capsys.readouterr().out
