"""Label Studio's code: by its definition, there and back, and damaged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmwsss.exchange.brush_rle import decode_brush, encode_brush


def bits(*fields):
    """Bytes of (value, number of bits)."""
    text = ''.join(f'{value:0{count}b}' for value, count in fields)
    text += '0' * (-len(text) % 8)
    return [int(text[i : i + 8], 2) for i in range(0, len(text), 8)]


HEAD = [(8, 32), (7, 5), (2, 4), (3, 4), (7, 4), (15, 4)]


def test_by_hand():
    """Two pixels, the second of which is set: two runs of 4 values."""
    code = bits(*HEAD, (1, 1), (0, 2), (3, 3), (0, 8), (1, 1), (0, 2), (3, 3), (255, 8))
    assert encode_brush(np.array([[False, True]])) == code
    assert decode_brush(code, (1, 2)).tolist() == [[False, True]]


def test_values_without_runs():
    """As the tool writes strokes: colour, and alpha of its own."""
    values = [10, 20, 30, 255, 10, 20, 30, 127]
    code = bits(*HEAD, (0, 1), (1, 2), (7, 4), *((v, 8) for v in values))
    assert decode_brush(code, (2, 1)).tolist() == [[True], [False]]


@given(arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_there_and_back(mask):
    np.testing.assert_array_equal(decode_brush(encode_brush(mask), mask.shape), mask)


def test_runs_longer_than_a_code_can_say():
    mask = np.zeros((300, 400), bool)
    mask[100:] = True
    code = encode_brush(mask)
    assert len(code) < 40
    np.testing.assert_array_equal(decode_brush(code, mask.shape), mask)


def test_damaged_codes():
    code = encode_brush(np.eye(8, dtype=bool))
    for size in ((8, 9), (1 << 13, 1 << 13)):
        with pytest.raises(ValueError, match='its brush code has 256 values'):
            decode_brush(code, size)
    for cut in (3, 6, len(code) // 2, len(code) - 2):
        with pytest.raises(ValueError, match='cut short|damaged'):
            decode_brush(code[:cut], (8, 8))
    for wrong in (None, 'abc', [], [300], [-1], [1.5], [[1]], [1 << 70], ['a']):
        with pytest.raises(ValueError, match='no list of bytes'):
            decode_brush(wrong, (8, 8))
