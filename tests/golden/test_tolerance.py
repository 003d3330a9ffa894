"""Tolerances are read as they are written in the cases."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.golden.tolerance import EXACT, Tolerance, tolerance, without_avx512


@pytest.mark.parametrize(
    ('given', 'output', 'expected'),
    [
        (1e-10, '', Tolerance(atol=1e-10)),
        ('1e-9', '', Tolerance(atol=1e-9)),
        ('exact', '', EXACT),
        ({'exact': True}, '', EXACT),
        ('rtol 1e-4, atol 1e-5 (float32 CPU)', '', Tolerance(rtol=1e-4, atol=1e-5)),
        ({'rtol': 1e-3, 'atol': 2e-4, 'inputs': '1e-6'}, 'cam', Tolerance(rtol=1e-3, atol=2e-4)),
        ({'rtol': 1e-3, 'atol': 2e-4, 'inputs': '1e-6'}, 'inputs', Tolerance(atol=1e-6)),
        ({'rtol': 1e-3, 'mask': 'at most 2 pixels may differ'}, 'mask', Tolerance(differing=2)),
        ({'x': 'at most 0.5 % of pixels may differ'}, 'x', Tolerance(agreement=0.995)),
        ('atol 1e-4; labels agreement >= 99.9%', 'labels', Tolerance(agreement=0.999)),
        ('atol 1e-4; labels agreement >= 99.9%', 'atol', Tolerance(atol=1e-4)),
        ('atol 1e-4 * max|out|', '', Tolerance(atol=1e-4, of_max=True)),
        ('atol 1e-4*max|out|', '', Tolerance(atol=1e-4, of_max=True)),
        ('losses rel 1e-4; gradients rel 1e-3 of max', 'losses', Tolerance(rtol=1e-4)),
        ('1 grey level', '', Tolerance(atol=1)),
        # An output without a clause has the general one; names may be patterns.
        ('exact', 'label', EXACT),
        ('rtol 1e-4, atol 1e-5 (float32 CPU)', 'cam', Tolerance(rtol=1e-4, atol=1e-5)),
        ('rtol 1e-3; label map: >= 99.5% equal', 'cam', Tolerance(rtol=1e-3)),
        ('rtol 1e-3; label map: >= 99.5% equal', 'label', Tolerance(agreement=0.995)),
        (
            'rtol 1e-3; grad_b5.*: atol 1e-2*max|out|',
            'grad_b5.w',
            Tolerance(atol=0.01, of_max=True),
        ),
        ('rtol 1e-3; grad_b5.*: atol 1e-2*max|out|', 'grad_b4.w', Tolerance(rtol=1e-3)),
        ('q, y: abs 1e-3; irn_label: agreement >= 99%', 'y', Tolerance(atol=1e-3)),
        ({'rtol': 5e-3, 'g.w': 'atol 4e-2 * max'}, 'g.w', Tolerance(atol=0.04, of_max=True)),
    ],
)
def test_reading(given, output, expected):
    assert tolerance({'tolerance': given}, output) == expected


@pytest.mark.parametrize('given', ['close enough', None])
def test_what_cannot_be_read_is_no_licence(given):
    with pytest.raises(ValueError, match='cannot read the tolerance'):
        tolerance({'tolerance': given})
    with pytest.raises(ValueError, match="no clause about 'masks'"):
        tolerance({'tolerance': 'labels exact'}, 'masks')
    with pytest.raises(ValueError, match="no clause about 'y'"):  # not that of 'only'
        tolerance({'tolerance': 'only labels exact'}, 'y')


def test_problems():
    ones = np.ones((2, 2))
    assert not Tolerance(atol=0.1).problem(ones + 0.09, ones)
    assert '4 of 4 elements differ' in Tolerance(atol=0.1).problem(ones + 0.11, ones)
    assert 'expected shape (2, 2), got (4,)' in EXACT.problem(np.ones(4), ones)
    assert not EXACT.problem(np.array([np.nan]), np.array([np.nan]))
    assert EXACT.problem(np.array([np.nan]), np.array([1.0]))
    labels = np.zeros(1000, np.uint8)
    labels[:2] = 1
    assert not Tolerance(agreement=0.998).problem(labels, labels * 0)
    assert '2 of 1000' in Tolerance(agreement=0.999).problem(labels, labels * 0)
    assert not Tolerance(differing=2).problem(labels, labels * 0)
    assert not EXACT.problem({'a': 1}, {'a': 1}) and EXACT.problem({'a': 1}, {'a': 2})
    assert not Tolerance(atol=1e-3, of_max=True).problem(ones * 100.1, ones * 100)


def test_all_copies_are_small():
    folder = Path(__file__).parent
    size = sum(path.stat().st_size for path in folder.rglob('*') if '__pycache__' not in path.parts)
    assert size < 25 * 2**20
    assert all(
        json.loads(path.read_text())['case'] == path.stem for path in folder.glob('*/*.json')
    )


def test_bounds_follow_the_kernels_of_the_cpu(monkeypatch):
    results = {'grad_a': (1, 2, EXACT), 'a_grad_a': (1, 2, EXACT)}
    loose = Tolerance(atol=2)
    monkeypatch.setattr('torch.backends.cpu.get_cpu_capability', lambda: 'AVX512')
    assert without_avx512(results, {'grad_.+': loose}) == results
    monkeypatch.setattr('torch.backends.cpu.get_cpu_capability', lambda: 'AVX2')
    found = without_avx512(results, {'grad_.+': loose})
    assert found == {'grad_a': (1, 2, loose), 'a_grad_a': (1, 2, EXACT)}
