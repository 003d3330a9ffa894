"""Published dictionaries are read; code in them is not run."""

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch

from mmwsss.stores.safe_pickle import load_pickled_npy


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_arrays_and_tensors_come_back(tmp_path):
    content = {
        'keys': torch.tensor([3, 7]),
        'cam': torch.rand(2, 3, 4),
        'high_res': np.random.rand(2, 5, 6).astype('f'),
        7: [np.float32(2), {'a': (1, 'b')}],
        'ordered': OrderedDict(a=1),
    }
    np.save(tmp_path / 'a.npy', content)
    found = load_pickled_npy(tmp_path / 'a.npy')
    assert isinstance(found['cam'], np.ndarray)
    np.testing.assert_array_equal(found['cam'], content['cam'].numpy())
    np.testing.assert_array_equal(found['high_res'], content['high_res'])
    assert found['keys'].tolist() == [3, 7]
    assert found[7] == [2, {'a': (1, 'b')}]


def test_other_pickle_protocols(tmp_path):
    """Old repositories ran on Python 3 with protocol 2 or 3."""
    for protocol in (2, 3, 4):
        with open(tmp_path / 'a.npy', 'wb') as file:
            np.lib.format.write_array_header_1_0(
                file, {'descr': '|O', 'fortran_order': False, 'shape': ()}
            )
            pickle.dump(np.array({1: np.arange(3.0)}, object), file, protocol=protocol)
        assert load_pickled_npy(tmp_path / 'a.npy')[1].tolist() == [0, 1, 2]


def test_code_is_refused_by_name_and_not_run(tmp_path):
    np.save(tmp_path / 'a.npy', {'keys': Evil(str(tmp_path / 'proof'))})
    with pytest.raises(ValueError, match=r'refers to \w+\.mkdir'):
        load_pickled_npy(tmp_path / 'a.npy')
    assert not (tmp_path / 'proof').exists()


def test_plain_arrays_and_rubbish(tmp_path):
    np.save(tmp_path / 'a.npy', np.arange(4))
    assert load_pickled_npy(tmp_path / 'a.npy').tolist() == [0, 1, 2, 3]
    (tmp_path / 'b.npy').write_bytes(b'rubbish')
    with pytest.raises(ValueError, match=r'b\.npy: cannot be read as a \.npy file'):
        load_pickled_npy(tmp_path / 'b.npy')
    data = (tmp_path / 'a.npy').read_bytes()
    np.save(tmp_path / 'c.npy', {'a': np.arange(100)})
    data = (tmp_path / 'c.npy').read_bytes()
    (tmp_path / 'c.npy').write_bytes(data[:-50])
    with pytest.raises(ValueError, match='cannot be read'):
        load_pickled_npy(tmp_path / 'c.npy')
