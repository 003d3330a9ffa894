"""Weights of CLIP from OpenAI's TorchScript archives and from ordinary files."""

import pickle
import zipfile

import pytest
import torch
from torch import nn

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import CLIP, CLIPPretrainer
from mmwsss.models.clip.archive import is_archive, read_archive, read_clip_weights
from tests.test_models.test_clip.tiny_clip import SIZES, tiny_clip


class Both(nn.Module):
    """As OpenAI's archives: weights in half precision, sizes as buffers, a causal mask."""

    def __init__(self, clip):
        super().__init__()
        self.__dict__['_modules'] = clip._modules
        self.__dict__['_parameters'] = clip._parameters
        self.register_buffer('input_resolution', torch.tensor(32))
        self.register_buffer('context_length', torch.tensor(32))
        self.attn_mask = clip.attn_mask

    def forward(self, image):
        return self.visual(image) * self.logit_scale + self.attn_mask.clamp(min=0).sum()


@pytest.fixture(scope='module')
def archive(tmp_path_factory):
    """A traced CLIP, and its state."""
    path = tmp_path_factory.mktemp('clip') / 'ViT.pt'
    module = tiny_clip().module
    state = {name: value.half() for name, value in module.state_dict().items()}
    traced = torch.jit.trace(Both(module), torch.rand(1, 3, 32, 32), check_trace=False)
    traced.half()
    torch.jit.save(traced, path)
    return path, state


def test_archive(archive):
    path, state = archive
    assert is_archive(path)
    read = read_clip_weights(path)
    used = {name for name in state if name.startswith('visual.') or name == 'logit_scale'}
    assert used <= set(read) <= set(state)
    for name in read:
        assert read[name].dtype == torch.float16
        torch.testing.assert_close(read[name], state[name])
    assert {'input_resolution', 'context_length'} <= set(read_archive(path)) - set(read)


def test_loads_half_precision(tmp_path):
    clip = tiny_clip()
    state = {name: value.half() for name, value in clip.module.state_dict().items()}
    torch.save(state, tmp_path / 'clip.pt')
    loaded = CLIP(arch=SIZES, checkpoint=tmp_path / 'clip.pt')
    for name, value in loaded.module.state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, state[name].float())


def test_our_checkpoints(tmp_path):
    trained = CLIPPretrainer(SIZES, ['cat', 'dog'])
    torch.save(dict(state_dict=trained.state_dict(), meta={}), tmp_path / 'epoch_1.pth')
    loaded = CLIP(arch=SIZES, checkpoint=tmp_path / 'epoch_1.pth')
    for name, value in loaded.module.state_dict().items():
        torch.testing.assert_close(value, trained.clip.state_dict()[name])


class Evil:
    def __reduce__(self):
        return print, ('executed',)


def test_nothing_is_executed(tmp_path, capsys):
    path = tmp_path / 'evil.pt'
    with zipfile.ZipFile(path, 'w') as file:
        file.writestr('evil/constants.pkl', b'')
        file.writestr('evil/data.pkl', pickle.dumps(Evil()))
    with pytest.raises(ValueError, match=r'TorchScript archive: it refers to .*\.print, which'):
        read_clip_weights(path)
    torch.save(Evil(), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match='cannot be read as weights'):
        read_clip_weights(tmp_path / 'evil.pth')
    assert 'executed' not in capsys.readouterr().out


def test_damaged(tmp_path, archive):
    path = tmp_path / 'half.pt'
    path.write_bytes(archive[0].read_bytes()[:2000])
    with pytest.raises(ValueError, match='cannot be read as weights'):
        read_clip_weights(path)
    torch.save([1, 2], tmp_path / 'list.pt')
    with pytest.raises(ValueError, match='expected a state dict of tensors, found list'):
        read_clip_weights(tmp_path / 'list.pt')


def write_archive(path, pickled, members=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', compression) as file:
        file.writestr('a/constants.pkl', b'')
        file.writestr('a/data.pkl', pickled)
        for name, data in members:
            file.writestr(f'a/data/{name}', data)
    return path


def module(state):
    """Pickle of a module whose state is given as opcodes."""
    return b'\x80\x02c__torch__\nM\n)\x81}(' + state + b'ub.'


def text(value):
    return b'X' + len(value).to_bytes(4, 'little') + value


def tensor(key, shape, strides, offset=0, count=4):
    numbers = (
        b''.join(b'K' + bytes([n]) for n in shape),
        b''.join(b'K' + bytes([n]) for n in strides),
    )
    storage = b'(' + text(b'storage') + b'ctorch\nFloatStorage\n' + text(key) + text(b'cpu')
    storage += b'K' + bytes([count]) + b'tQ'
    parts = storage + b'K' + bytes([offset]) + b'(' + numbers[0] + b't(' + numbers[1] + b't'
    return b'ctorch._utils\n_rebuild_tensor_v2\n(' + parts + b'\x89NtR'


def test_tensors_stay_within_their_storage(tmp_path):
    four = [('0', torch.arange(4.0).numpy().tobytes())]
    good = module(text(b'w') + tensor(b'0', (2, 2), (1, 2)))
    read = read_archive(write_archive(tmp_path / 'a.pt', good, four))
    assert read['w'].tolist() == [[0, 2], [1, 3]]
    for wrong in (
        tensor(b'0', (5,), (1,)),
        tensor(b'0', (1,), (1,), offset=4),
        tensor(b'0', (200, 200), (0, 0)),
        tensor(b'0', (4,), (1,), count=5),
        tensor(b'1', (4,), (1,)),
    ):
        path = write_archive(tmp_path / 'a.pt', module(text(b'w') + wrong), four)
        with pytest.raises(ValueError, match=r'a\.pt: cannot be read as a TorchScript archive'):
            read_archive(path)


def test_archives_that_unfold(tmp_path):
    """By a compressed member, by one storage read again and again, by modules in modules."""
    bomb = [('0', b'\0' * (600 << 20))]
    pickled = module(text(b'w') + tensor(b'0', (2,), (1,)))
    path = write_archive(tmp_path / 'a.pt', pickled, bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ValueError, match=r'unfold to \d+ bytes'):
        read_archive(path)
    torch.save({'w': torch.zeros(2)}, tmp_path / 'b.pth')
    with zipfile.ZipFile(tmp_path / 'b.pth', 'a', zipfile.ZIP_DEFLATED) as file:
        file.writestr('b/data/9', bomb[0][1])
    with pytest.raises(ValueError, match=r'unfold to \d+ bytes'):
        read_clip_weights(tmp_path / 'b.pth')
    laughs = b'K\0q\0'  # entry k of the memo: a module that holds k - 1 twice
    for level in range(1, 18):
        last = b'h' + bytes([level - 1])
        laughs += b'0c__torch__\nM\n)\x81q' + bytes([level])
        laughs += b'}(' + text(b'a') + last + text(b'b') + last + b'ub'
    with pytest.raises(ValueError, match='holds the same parts many times over'):
        read_archive(write_archive(tmp_path / 'c.pt', b'\x80\x02' + laughs + b'.'))
