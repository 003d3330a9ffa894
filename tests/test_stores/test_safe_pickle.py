"""Published dictionaries are read; code in them is not run."""

import os
import pickle
import pickletools
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_tensors_of_every_kind_and_layout(tmp_path):
    wide = torch.arange(24.0).reshape(2, 3, 4)
    content = {
        'half': wide.half(),
        'brain': wide.bfloat16(),
        'bool': wide > 3,
        'turned': wide.permute(2, 0, 1),
        'part': wide[1:, ::2],
        'empty': torch.zeros(0, 3),
        'scalar': torch.tensor(7),
        'parameter': torch.nn.Parameter(wide),
    }
    for protocol in (2, 4, 5):
        buffer = pickle.dumps(np.array(content, object), protocol=protocol)
        found = load_pickled_npy(write(tmp_path, buffer))
        for name, tensor in content.items():
            expected = tensor.detach().float() if name == 'brain' else tensor.detach()
            np.testing.assert_array_equal(found[name], expected.numpy())
            assert found[name].dtype == expected.numpy().dtype


def test_arrays_of_every_kind_and_layout(tmp_path):
    wide = np.arange(24).reshape(2, 3, 4)
    content = {
        'columns': np.asfortranarray(wide),
        'swapped': wide.astype('>f4'),
        'part': wide[:, ::2],
        'bool': wide > 3,
        'empty': np.zeros((0, 5)),
        'nested': np.array({'a': wide}, object),
        'list': [wide, {'deep': (wide,)}],
        np.int64(3): wide,
        'objects': np.array([wide, None, 'x'], object),
    }
    for protocol in (0, 1, 2, 3, 4, 5):
        found = load_pickled_npy(write(tmp_path, pickle.dumps(np.array(content, object), protocol)))
        for name in ('columns', 'swapped', 'part', 'bool', 'empty', 3):
            np.testing.assert_array_equal(found[name], content[name])
        np.testing.assert_array_equal(found['nested']['a'], wide)
        np.testing.assert_array_equal(found['list'][1]['deep'][0], wide)
        assert found['objects'][1:] == [None, 'x']
        found['columns'][0] = 1  # a consumer may change it
    np.save(tmp_path / 'list.npy', np.array([{'a': 1}, {'b': 2}], object))
    assert load_pickled_npy(tmp_path / 'list.npy') == [{'a': 1}, {'b': 2}]


# Attacks ----------------------------------------------------------------------------------------


def write(folder, pickled, shape=()):
    """A ``.npy`` of an object whose pickle is given."""
    with open(folder / 'attack.npy', 'wb') as file:
        np.lib.format.write_array_header_1_0(
            file, {'descr': '|O', 'fortran_order': False, 'shape': shape}
        )
        file.write(pickled)
    return folder / 'attack.npy'


class Call:
    """Pickles as the call of whatever global, with whatever state."""

    def __init__(self, function, *arguments, state=None):
        self.parts = (function, arguments) + (() if state is None else (state,))

    def __reduce__(self):
        return self.parts


def pickled(value):
    return pickle.dumps(value, protocol=4)


RECONSTRUCT = np.zeros(1).__reduce__()[0]
SCALAR = np.float32(0).__reduce__()[0]
OBJECT = np.dtype(object)
STORAGE = torch.zeros(4).storage().__reduce__()
REBUILD = torch._utils._rebuild_tensor_v2
ADDRESS = (140_000_000_000_000).to_bytes(8, 'little')


def laughs(kind, levels=60):
    value = kind([0])
    for _ in range(levels):
        value = kind([value, value])
    return value


def endless():
    value = []
    value.append(value)
    return value


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def big(array, times):
    return [array] * times


GLOBAL = b'\x80\x04c%b\n%b\n.'
ATTACKS = {
    'bytes as an object': pickled(
        Call(RECONSTRUCT, np.ndarray, (0,), b'b', state=(1, (1,), OBJECT, False, ADDRESS))
    ),
    'bytes as an object, in numpy scalar': pickled(Call(SCALAR, OBJECT, ADDRESS)),
    'a buffer of objects': pickled(Call(np.ndarray, (1,), OBJECT, ADDRESS)),
    'from buffer': pickled(Call(np._core.numeric._frombuffer, ADDRESS, OBJECT, (1,), 'C')),
    'an array without memory': pickled(Call(np.ndarray, (1 << 33,))),
    'a reconstructed subclass': pickled(Call(RECONSTRUCT, np.matrix, (1 << 33,), b'b')),
    'a large reconstruction': pickled(Call(RECONSTRUCT, np.ndarray, (1 << 33,), b'd')),
    'records': pickled(np.zeros(1, [('a', 'O')])),
    'a dtype with metadata': pickled(Call(np.dtype, 'O', {'a': 1})),
    'a dtype of text': pickled(Call(np.dtype, 'U1000000000')),
    'a dtype with another state': pickled(
        Call(np.dtype, 'f4', state=(3, '|', ('f4', (9,)), None, None, 36, 4, 63))
    ),
    'more than there is': pickled(
        Call(
            RECONSTRUCT,
            np.ndarray,
            (0,),
            b'b',
            state=(1, (1 << 40,), np.dtype('f4'), False, b'\0' * 8),
        )
    ),
    'negative shape': pickled(
        Call(
            RECONSTRUCT,
            np.ndarray,
            (0,),
            b'b',
            state=(1, (-1, -2), np.dtype('f4'), False, b'\0' * 8),
        )
    ),
    'beyond the storage': pickled(Call(REBUILD, Call(*STORAGE[:1], *STORAGE[1]), 0, (8,), (1,))),
    'before the storage': pickled(Call(REBUILD, Call(*STORAGE[:1], *STORAGE[1]), -9, (1,), (1,))),
    'negative steps': pickled(Call(REBUILD, Call(*STORAGE[:1], *STORAGE[1]), 0, (2,), (-9,))),
    'a tensor unfolded': pickled(
        Call(REBUILD, Call(*STORAGE[:1], *STORAGE[1]), 0, (1 << 20, 1 << 20), (0, 0))
    ),
    'a storage of rubbish': pickled(Call(STORAGE[0], b'rubbish')),
    'a storage in a zip': pickled(Call(STORAGE[0], b'PK\3\4')),
    'nested lists': pickled(laughs(list)),
    'nested tuples': pickled(laughs(tuple)),
    'nested dictionaries': pickled(laughs(lambda x: dict(enumerate(x)))),
    'a tuple as a key': pickled({laughs(tuple, 4): 1}),
    'itself': pickled(endless()),
    'deep': b'\x80\x04' + b']' * 100_000 + b'a' * 99_999 + b'.',
    'deep but valid': pickled(deep(300)),
    'an array many times': pickled(big(np.zeros(1 << 18), 10_000)),
    'a text many times': pickled(big('x' * (1 << 20), 10_000)),
    'a memo of gigabytes': b'\x80\x04Nr\xff\xff\xff\x7f.' + b'x',
    'bytes of gigabytes': b'\x80\x04\x8e\0\0\0\0\0\1\0\0.',
    'a bytearray of gigabytes': b'\x80\x05\x96\0\0\0\0\0\1\0\0.',
    'text of gigabytes': b'\x80\x04\x8d\0\0\0\0\0\1\0\0.',
    'a number of gigabytes': b'\x80\x04\x8b\xff\xff\xff\x7f.',
    'a decimal of megabytes': b'L' + b'9' * 1_000_000 + b'L\n.',
    'a large frame': b'\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.',
    'a bare class': GLOBAL % (b'numpy', b'ndarray'),
    'a bare function': GLOBAL % (b'numpy.core.multiarray', b'_reconstruct'),
    'an attribute': b'\x80\x04\x8c\5numpy\x8c\x10ndarray.__init__\x93.',
    'getattr': GLOBAL % (b'builtins', b'getattr'),
    'a state for a class': b'\x80\x04cnumpy\nndarray\n}b.',
    'a state for a function': b'\x80\x04cnumpy\ndtype\nN}X\x04\0\0\0makeNs\x86b.',
    'a call of text': b'\x80\x04X\x01\0\0\0x)R.',
    'a new object': b'\x80\x04cnumpy\nndarray\n)\x81.',
    'an instance': b'(i__builtin__\nlist\n.',
    'an extension': b'\x80\x04\x82\x01.',
    'a persistent id': b'\x80\x04Nq\x00Q.',
    'a set': b'\x80\x04\x8f.',
    'an empty stack': b'\x80\x04.',
    'a stray mark': b'\x80\x04(.',
    'nothing': b'',
}


@pytest.fixture
def bounded():
    """Let this process take 256 MiB more than it has, and no more."""
    resource = pytest.importorskip('resource')
    with open('/proc/self/statm') as file:
        pages = int(file.read().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + (256 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.skipif(not os.path.exists('/proc/self/statm'), reason='needs Linux')
@pytest.mark.parametrize('name', ATTACKS)
def test_attacks_are_refused(tmp_path, bounded, name):
    if name == 'a memo of gigabytes':  # the only one that is harmless here
        assert load_pickled_npy(write(tmp_path, ATTACKS[name])) is None
        return
    with pytest.raises(ValueError, match=r'attack\.npy: cannot be read as a \.npy file: \S+'):
        load_pickled_npy(write(tmp_path, ATTACKS[name]))


OPCODES = st.sampled_from([opcode.code.encode('latin1') for opcode in pickletools.opcodes])
NAMED = st.sampled_from(
    [
        b'c%b\n%b\n' % (module.encode(), name.encode())
        for module, name in [
            ('numpy', 'ndarray'),
            ('numpy', 'dtype'),
            ('numpy.core.multiarray', '_reconstruct'),
            ('numpy.core.multiarray', 'scalar'),
            ('numpy.core.numeric', '_frombuffer'),
            ('collections', 'OrderedDict'),
            ('torch._utils', '_rebuild_tensor_v2'),
            ('torch.storage', '_load_from_bytes'),
            ('_codecs', 'encode'),
            ('os', 'system'),
            ('builtins', 'eval'),
        ]
    ]
)
PIECES = st.one_of(
    OPCODES,
    NAMED,
    st.binary(max_size=9),
    st.sampled_from([b'K\1', b'K\0', b')', b'}', b']', b'N', b'X\1\0\0\0O', b'C\x08' + ADDRESS]),
    st.sampled_from(
        [b'h\0', b'h\1', b'\x94', b'R', b'b', b'\x81', b'\x85', b'\x86', b'\x87', b't']
    ),
)
GOOD = [pickled(np.array({'k': torch.ones(2), 'm': np.ones(3), 's': np.float32(1)}, object))]


def harmless(data):
    """Whatever is read is plain data, and nothing but ``ValueError`` is raised."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), data)
        try:
            value = load_pickled_npy(path)
        except ValueError:
            return
    todo = [value]
    while todo:
        value = todo.pop()
        plain = (str, bytes, int, float, type(None), np.generic, list, tuple, dict, np.ndarray)
        assert isinstance(value, plain)
        if isinstance(value, np.ndarray):
            assert not value.dtype.hasobject
        elif isinstance(value, dict):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            todo += value


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map(b''.join))
def test_any_opcodes(data):
    harmless(data + b'.')


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4))
def test_good_files_with_other_bytes(data, changes):
    data = bytearray(data)
    for position, byte in changes:
        data[position % len(data)] = byte
    harmless(bytes(data))


def test_declared_sizes_of_plain_files(tmp_path, bounded):
    for shape, dtype in (((1 << 30,), '<f4'), ((1 << 62, 8), '<f8'), ((3,), '<f4')):
        with open(tmp_path / 'a.npy', 'wb') as file:
            header = {'descr': dtype, 'fortran_order': False, 'shape': shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.write(b'\0' * 8)
        with pytest.raises(ValueError, match=r'8 bytes found where \d+ are declared'):
            load_pickled_npy(tmp_path / 'a.npy')
