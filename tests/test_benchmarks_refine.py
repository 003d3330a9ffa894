"""The benchmarks of refiners run and compare what they time; no times are asserted."""

import numpy as np
import pytest
from PIL import Image

from benchmarks import contours, crf_backends, random_walk, refine_gain


def test_random_walk(capsys):
    sizes = ['--irn', '12', '14', '--check', '10', '12', '--psa', '11', '13', '--maps', '2']
    assert len(random_walk.main(sizes)) == 3
    printed = capsys.readouterr().out
    assert 'extrapolated from one of 8 squarings' in printed
    assert printed.count('largest difference') == 3


def test_crf_classes(capsys):
    from benchmarks import crf_classes

    assert crf_classes.main(['--images', '1', '--stride', '6', '--alphas', '4', '24']) > 0
    assert 'sharing changes no bit' in capsys.readouterr().out


def test_crf_backends(capsys):
    pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    ratios = crf_backends.main(['--images', '1', '--stride', '6', '--protocols', 'psa', 'irn'])
    assert set(ratios) == {'psa', 'irn'}
    assert ' 0 of ' in capsys.readouterr().out


def test_contours(capsys):
    assert contours.main(['--images', '2', '--stride', '3']) > 0
    assert 'all counts are equal' in capsys.readouterr().out


def test_refine_gain(tiny_voc, capsys):
    for path in (tiny_voc / 'SegmentationClass').iterdir():  # objects that survive the damage
        mask = np.zeros(np.array(Image.open(path)).shape, np.uint8)
        mask[2:20, 4:26], mask[0] = 1, 255
        Image.fromarray(mask).save(path)
    results = refine_gain.main([str(tiny_voc), '--images', '2'])
    assert {damage for damage, _ in results} == {'blur', 'erosion', 'holes'}
    assert {'none', 'PAR', 'vote of regions'} <= {name for _, name in results}
    assert all(0 < miou <= 100 for miou, _ in results.values())
    assert '| damage | refiner |' in capsys.readouterr().out
