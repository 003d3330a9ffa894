import runpy
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import SAM, Co2SAM
from mmwsss.models.conversion.merging import merge_checkpoint
from mmwsss.models.sam.lora import lora_parameters
from tests.test_models.test_sam.tiny_sam import SIZES, tiny_sam

TOOL = Path(__file__).parents[3] / 'tools/model_converters/merge_lora.py'


@pytest.fixture
def files(tmp_path):
    torch.save(tiny_sam().module.state_dict(), tmp_path / 'sam.pth')
    sam = dict(arch=SIZES, checkpoint=tmp_path / 'sam.pth', rank=3, targets=('v', 'k'))
    model = Co2SAM(num_classes=2, sam=sam)
    model.init_weights()
    torch.manual_seed(0)
    for value in lora_parameters(model).values():
        torch.nn.init.normal_(value, std=0.1)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'lora.pth')
    return tmp_path, model


def test_merged_sam_is_a_plain_sam(files, monkeypatch, capsys):
    folder, model = files
    paths = [str(folder / name) for name in ('lora.pth', 'sam.pth', 'merged.pth')]
    monkeypatch.setattr(sys, 'argv', [str(TOOL), *paths])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert 'wrote' in capsys.readouterr().out
    merged = SAM(arch=SIZES, checkpoint=folder / 'merged.pth')
    x = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        expected, got = model(x), merged.module.image_encoder(x)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_bad_input(files):
    folder, _ = files
    with pytest.raises(ValueError, match=r'sam\.pth: no LoRA in it .*What Co2SAM saved'):
        merge_checkpoint(folder / 'sam.pth', folder / 'sam.pth', folder / 'x.pth')
    torch.save({'a': torch.zeros(1)}, folder / 'other.pth')
    with pytest.raises(ValueError, match=r'other\.pth: no SAM checkpoint'):
        merge_checkpoint(folder / 'lora.pth', folder / 'other.pth', folder / 'x.pth')
    assert not (folder / 'x.pth').exists()
