"""Objects as plain data and back."""

import functools
import io
from collections import OrderedDict
from enum import Enum
from pathlib import Path

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mmengine.logging import HistoryBuffer

from mmwsss.engine.plain import from_plain, to_plain


def through_a_file(value: dict) -> dict:
    plain, left_out = to_plain(value)
    assert left_out == []
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    buffer.seek(0)
    return from_plain(torch.load(buffer, weights_only=True))


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text()
    | st.sets(st.integers(0, 9))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text() | st.integers(0, 9), inner),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_containers_come_back(value):
    assert through_a_file({'value': value}) == {'value': value}


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(hnp.scalar_dtypes() | st.just(np.dtype('<U4')), hnp.array_shapes(min_dims=0)))
def test_arrays_come_back(array):
    (got,) = through_a_file({'array': array}).values()
    assert got.dtype == array.dtype
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()
    assert got.flags.writeable


def test_numpy_numbers_come_back():
    got = through_a_file({'score': np.float32(0.1), np.int64(3): [np.bool_(True)]})
    assert got == {'score': np.float32(0.1), 3: [True]}
    assert type(got['score']) is np.float32


def test_history_comes_back():
    history = HistoryBuffer([1.0, 2.5], [1, 3], max_length=7)
    (got,) = through_a_file({'loss': history}).values()
    assert got.mean() == history.mean()
    assert got.max_length == 7


def test_state_dict_keeps_order_and_layer_versions():
    state = torch.nn.BatchNorm1d(3).state_dict()
    (got,) = through_a_file({'state_dict': state}).values()
    assert type(got) is OrderedDict
    assert got._metadata == state._metadata
    assert all(torch.equal(got[key], state[key]) for key in state)


def test_relatives_of_plain_types_become_plain():
    class Colour(str, Enum):
        RED = 'red'

    value = {'path': Path('a/b'), 'colour': Colour.RED, 'weight': torch.nn.Parameter(torch.ones(2))}
    plain, _ = to_plain(value)
    assert plain['path'] == 'a/b'
    assert (plain['colour'], type(plain['colour'])) == ('red', str)
    assert type(plain['weight']) is torch.Tensor


def test_functions_are_left_out_silently_and_objects_by_name():
    value = {
        'scheduler': {'anneal': len, 'partial': functools.partial(len), 'step': 1},
        'hub': {'odd': object(), 'list': [1, object()], 'objects': np.array([object()])},
    }
    plain, left_out = to_plain(value)
    assert plain == {'scheduler': {'step': 1}, 'hub': {}}
    assert left_out == [
        'checkpoint.hub.odd: object',
        'checkpoint.hub.list[1]: object',
        'checkpoint.hub.objects: array of object',
    ]
