import numpy as np
import pytest
import torch

from mmwsss.models.one_stage.teacher_cache import TeacherCache

BOXES = np.array([[1.0, 2, 3, 4]])


def answer():
    torch.manual_seed(0)
    return torch.randn(1, 8, 8), torch.randn(1, 5)


def test_round_trip(tmp_path):
    cache = TeacherCache(tmp_path, context='a')
    assert cache.read('x/1', (True, False), BOXES) is None
    cache.write('x/1', (True, False), BOXES, answer())
    for got, expected in zip(cache.read('x/1', (True, False), BOXES), answer(), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=0)
    assert cache.read('x/1', (False, True), BOXES) is None
    assert cache.read('x/1', (True, False), BOXES + 1) is None
    assert TeacherCache(tmp_path, context='b').read('x/1', (True, False), BOXES) is None
    assert TeacherCache(tmp_path, context='a', dtype='float16').read('x/1', (1, 0), BOXES) is None


def test_half_precision_is_half_the_size(tmp_path):
    for dtype in ('float32', 'float16'):
        TeacherCache(tmp_path / dtype, dtype=dtype).write('a', (0, 0), BOXES, answer())
    sizes = [(tmp_path / d / 'a.00.npz').stat().st_size for d in ('float32', 'float16')]
    assert sizes[0] - sizes[1] == 2 * 64
    low, _ = TeacherCache(tmp_path / 'float16', dtype='float16').read('a', (0, 0), BOXES)
    assert low.dtype == torch.float32
    with pytest.raises(ValueError, match="dtype must be one of float32, float16, found 'int8'"):
        TeacherCache(tmp_path, dtype='int8')


def test_broken_file_is_made_anew(tmp_path):
    cache = TeacherCache(tmp_path)
    cache.write('a', (0, 0), BOXES, answer())
    cache.path('a', (0, 0)).write_bytes(b'PK')
    assert cache.read('a', (0, 0), BOXES) is None
