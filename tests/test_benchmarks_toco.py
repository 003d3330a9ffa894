"""The benchmark of ToCo's energy runs and compares what it times; no times are asserted."""

import re

import pytest

from benchmarks import dense_energy


def test_dense_energy(capsys):
    dense_energy.main(['--images', '1', '--side', '48', '--classes', '3'])
    printed = capsys.readouterr().out
    assert 'coarse' in printed and 'lattice' in printed
    pytest.importorskip('pydensecrf', reason='the extra [crf] is not installed')
    (error,) = re.findall(r'of the maximum: \[(\S+)\]', printed)
    assert float(error) < 1e-5
