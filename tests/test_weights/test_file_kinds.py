"""Files of weights are told by their content."""

import pytest
import torch
from safetensors.torch import save_file

from mmwsss.engine.checkpoint_io import load_checkpoint
from mmwsss.models.conversion import read_checkpoint
from mmwsss.weights import WeightsError, read_weights_file


@pytest.mark.parametrize('read', [read_weights_file, load_checkpoint, read_checkpoint])
@pytest.mark.parametrize(
    'content, message',
    [
        ('<!DOCTYPE html><html>Sign in</html>', r'x\.pth is a web page \(HTML\)'),
        ('\ufeff\n  <html></html>', r'x\.pth is a web page \(HTML\)'),
        ('version https://git-lfs.github.com/spec/v1\noid sha256:0\n', r'x\.pth is a Git LFS'),
    ],
)
def test_what_else_is_downloaded(tmp_path, read, content, message):
    (tmp_path / 'x.pth').write_text(content, encoding='utf-8')
    with pytest.raises(WeightsError, match=message):
        read(tmp_path / 'x.pth')


@pytest.mark.parametrize('read', [read_weights_file, load_checkpoint, read_checkpoint])
@pytest.mark.parametrize('name', ['x.safetensors', 'x.pth'])
def test_safetensors_are_read(tmp_path, read, name):
    save_file({'a.w': torch.arange(3.0)}, tmp_path / name)
    assert torch.equal(read(tmp_path / name)['a.w'], torch.arange(3.0))


def test_torch_files_are_read(tmp_path):
    for zipped in (True, False):
        torch.save({'w': torch.ones(1)}, tmp_path / 'x.pth', _use_new_zipfile_serialization=zipped)
        assert torch.equal(read_weights_file(tmp_path / 'x.pth')['w'], torch.ones(1))
