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
