"""Arrays are as large as they say and no larger than what is there."""

import io
import struct
import zipfile

import numpy as np
import pytest

from mmwsss.stores.arrays import UNFOLDED, begins_with, check_file, pack, read_npz, unpack


def npy(shape, dtype='<f4', data=b'\0' * 8):
    buffer = io.BytesIO()
    header = {'descr': dtype, 'fortran_order': False, 'shape': shape}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + data


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_round_trip(tmp_path):
    arrays = {'a': np.arange(6.0).reshape(2, 3), 'b': np.array('text'), 'c': np.zeros((0, 3), bool)}
    (tmp_path / 'a.npz').write_bytes(pack(arrays))
    found = unpack(tmp_path / 'a.npz', {'a', 'b'}, frozenset('c'))
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    found['a'][0] = 1  # a consumer may change it
    assert begins_with(pack(arrays)[:256], 'a')
    assert not begins_with(pack(arrays)[:256], 'b')
    np.savez_compressed(tmp_path / 'b.npz', **arrays, f=np.asfortranarray(arrays['a']))
    np.testing.assert_array_equal(read_npz(tmp_path / 'b.npz')['f'], arrays['a'])


@pytest.mark.parametrize(
    'member',
    [
        npy((1 << 30,)),
        npy((1 << 62, 1 << 62)),
        npy((3,)),
        npy((2,), '<f4,<i4'),
        npy((1,), '|O'),
        npy((2,), 'M8[s]'),
        npy((1,), '(2,)<f4')[:-2],
        b'\x93NUMPY\x09\0',
        b'',
    ],
)
def test_members_that_are_not_what_they_say(tmp_path, member):
    with pytest.raises(ValueError, match=r'x\.npy: |damaged'):
        read_npz(archive(tmp_path / 'a.npz', {'x.npy': member}))


def test_files_that_unfold(tmp_path):
    data = b'\0' * (UNFOLDED + 1)
    path = archive(tmp_path / 'a.npz', {'x.npy': data}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match=rf'unfold to {UNFOLDED + 1} bytes.*without compression'):
        read_npz(path)
    with pytest.raises(ValueError, match='unfold to'):
        check_file(path)
    many = {f'{index}.npy': npy((2,)) for index in range(65)}
    with pytest.raises(ValueError, match='65 arrays in one file'):
        read_npz(archive(tmp_path / 'b.npz', many))


def test_members_that_overlap(tmp_path):
    """One member's bytes, listed under many names."""
    path = archive(tmp_path / 'a.npz', {'x.npy': npy((1 << 16,), data=b'\0' * (4 << 16))})
    data = path.read_bytes()
    start = data.index(b'PK\1\2')
    end = data.index(b'PK\5\6')
    entry, tail = data[start:end], bytearray(data[end:])
    entries = b''.join(entry.replace(b'x.npy', f'{i}.npy'.encode()) for i in range(9))
    struct.pack_into('<HHI', tail, 8, 9, 9, len(entries))
    path.write_bytes(data[:start] + entries + tail)
    with pytest.raises(ValueError, match=r'members of the archive are larger than its \d+ bytes'):
        read_npz(path)


@pytest.mark.parametrize('data', [b'', b'PK', b'PK\3\4' + b'\0' * 40, b'rubbish' * 20])
def test_rubbish(tmp_path, data):
    (tmp_path / 'a.npz').write_bytes(data)
    with pytest.raises(ValueError, match='damaged npz file'):
        read_npz(tmp_path / 'a.npz')
    good = pack({'a': np.arange(100.0)})
    (tmp_path / 'a.npz').write_bytes(good[:-30])
    with pytest.raises(ValueError, match='damaged npz file'):
        read_npz(tmp_path / 'a.npz')
    flipped = bytearray(good)
    flipped[300] ^= 1
    (tmp_path / 'a.npz').write_bytes(flipped)
    with pytest.raises(ValueError, match='CRC'):
        read_npz(tmp_path / 'a.npz')
