"""MXNet parameter files."""

import struct

import numpy as np
import pytest
import torch

from mmwsss.models import ResNet38d, read_params
from mmwsss.models.conversion.checkpoint_keys import MXNET_RULES, rename
from mmwsss.models.conversion.formats import FORMATS
from mmwsss.models.conversion.mxnet import ParamsError, is_params_file

V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
BRANCHES = ('branch1', 'branch2a', 'branch2b1', 'branch2b2')


def write_params(path, arrays, layout=V2, code=0, storage=0):
    """A parameter file as MXNet writes it, in one of its layouts."""
    data = struct.pack('<QQQ', 0x112, 0, len(arrays))
    for array in arrays.values():
        if layout in (V2, V3):
            data += struct.pack(f'<Iii{array.ndim}q', layout, storage, array.ndim, *array.shape)
        elif layout == V1:
            data += struct.pack(f'<II{array.ndim}q', layout, array.ndim, *array.shape)
        else:
            data += struct.pack(f'<I{array.ndim}I', array.ndim, *array.shape)
        data += struct.pack('<iii', 1, 0, code) + array.tobytes()
    data += struct.pack('<Q', len(arrays))
    for name in arrays:
        data += struct.pack('<Q', len(name)) + name.encode()
    path.write_bytes(data)
    return path


def imagenet_entries(base_channels):
    """Random values under the names and in the shapes of ResNet-38d's file."""
    arrays = ('arg:{}_gamma', 'arg:{}_beta', 'aux:{}_moving_mean', 'aux:{}_moving_var')
    blocks = ('a', 'b1', 'b2', 'b3', 'b4', 'b5')
    units = [f'{stage}{block}' for stage in range(2, 8) for block in blocks]
    parts = [f'{unit}_{branch}' for unit in units for branch in BRANCHES]
    names = ['arg:conv1a_weight', *(f'arg:res{part}_weight' for part in parts)]
    names += [kind.format(norm) for norm in ['bn7', *(f'bn{p}' for p in parts)] for kind in arrays]
    state = ResNet38d(base_channels=base_channels).state_dict()
    rng = np.random.default_rng(0)
    entries = {}
    for entry in names:  # also some that the network does not have
        name = rename(entry, FORMATS['resnet38d'].rules)
        if name in state:
            entries[entry] = rng.random(tuple(state[name].shape), np.float32)
    entries['arg:linear1000_weight'] = rng.random((5, 3), np.float32)
    return entries


@pytest.mark.parametrize('layout', [V1, V2, V3, 'oldest'])
def test_layouts(tmp_path, layout):
    arrays = {'arg:a': np.arange(24, dtype='<f4').reshape(2, 3, 4), 'aux:b': np.ones(1, '<f4')}
    got = read_params(write_params(tmp_path / 'x.params', arrays, layout))
    assert list(got) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(got[name], array)


@pytest.mark.parametrize(
    'code, dtype', [(0, 'f4'), (1, 'f8'), (2, 'f2'), (3, 'u1'), (4, 'i4'), (5, 'i1'), (6, 'i8')]
)
def test_number_types(tmp_path, code, dtype):
    array = np.array([[0, 1, 2]], dtype)
    got = read_params(write_params(tmp_path / 'x.params', {'a': array}, code=code))['a']
    assert got.dtype == array.dtype and got.flags.writeable
    np.testing.assert_array_equal(got, array)


def test_pretrained_backbone(tmp_path):
    """``Pretrained`` reads MXNet's file as it is."""
    entries = imagenet_entries(2)
    assert len(entries) == 191 + 1
    path = write_params(tmp_path / 'resnet_38d.params', entries)
    init = dict(type='Pretrained', checkpoint=str(path))
    model = ResNet38d(base_channels=2, init_cfg=init)
    model.init_weights()
    for entry, array in entries.items():
        if 'linear1000' not in entry:
            name = rename(entry, FORMATS['resnet38d'].rules)
            torch.testing.assert_close(model.state_dict()[name], torch.from_numpy(array))


def test_pretrained_file_that_lacks_entries(tmp_path):
    entries = imagenet_entries(1)
    del entries['arg:res4b5_branch2b1_weight']
    path = write_params(tmp_path / 'x.params', {**entries, 'arg:odd_weight': np.ones(1, 'f4')})
    model = ResNet38d(base_channels=1, init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    with pytest.raises(ValueError, match=r'odd\.weight.*Missing: stage4\.5\.conv2\.weight'):
        model.init_weights()


def test_no_file(tmp_path):
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet_38d.params'))
    model = ResNet38d(base_channels=1, init_cfg=init)
    with pytest.raises(FileNotFoundError, match=r'resnet_38d\.params does not exist; configs/cam'):
        model.init_weights()


def test_names():
    expected = {
        'arg:conv1a_weight': 'conv1a.weight',
        'arg:res4b5_branch2b1_weight': 'b4_5.conv_branch2b1.weight',
        'arg:res7a_branch1_weight': 'b7.conv_branch1.weight',
        'aux:bn3b2_branch2a_moving_var': 'b3_2.bn_branch2a.running_var',
        'arg:bn6a_branch2b2_beta': 'b6.bn_branch2b2.bias',
        'aux:bn7_moving_mean': 'bn7.running_mean',
    }
    assert {entry: rename(entry, MXNET_RULES) for entry in expected} == expected


def test_other_files(tmp_path):
    path = tmp_path / 'x.params'
    torch.save({'a': torch.zeros(1)}, path)
    assert not is_params_file(path)
    with pytest.raises(ParamsError, match=r'x\.params is not an MXNet parameter file'):
        read_params(path)
    path.write_bytes(b'12')
    with pytest.raises(ParamsError, match=r'is cut: 8 bytes expected at byte 0, 2 are left'):
        read_params(path)


@pytest.mark.parametrize('kept', [20, 40, -1])
def test_cut_file(tmp_path, kept):
    path = write_params(tmp_path / 'x.params', {'arg:a': np.zeros((3, 4), 'f4')})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ParamsError, match='is cut'):
        read_params(path)


def test_damaged_files(tmp_path):
    path = tmp_path / 'x.params'
    array = np.zeros((3, 4), 'f4')
    with pytest.raises(ParamsError, match='at byte 24 is sparse'):
        read_params(write_params(path, {'a': array}, storage=1))
    with pytest.raises(ParamsError, match='number type 12, known are'):
        read_params(write_params(path, {'a': array}, code=12))
    with pytest.raises(ParamsError, match='has 77 dimensions'):
        path.write_bytes(struct.pack('<QQQI', 0x112, 0, 1, 77))
        read_params(path)
    with pytest.raises(ParamsError, match='arrays in a file of 28 bytes'):
        path.write_bytes(struct.pack('<QQQI', 0x112, 0, 2**60, 77))
        read_params(path)
    with pytest.raises(ParamsError, match='1 arrays, but 0 different names'):
        data = write_params(path, {'': array}).read_bytes()
        path.write_bytes(data[:-16] + struct.pack('<Q', 0))
        read_params(path)
