"""Published checkpoints of Co2SAM and of its detector."""

import re

import pytest
import torch

pytest.importorskip('segment_anything', reason='the extra [sam] is not installed')

from mmwsss.models import Co2SAM
from mmwsss.models.conversion import FORMATS, CheckpointFormat, convert_checkpoint, rename_keys
from mmwsss.models.conversion.co2sam_keys import CO2SAM_RULES
from mmwsss.models.sam.lora import lora_parameters
from tests.test_models.test_sam.tiny_sam import SIZES


def official(name):
    """Our names as the release has them."""
    name = name.replace('sam.backbone.', 'sam.image_encoder.').replace('qkv.base.', 'qkv.qkv.')
    name = re.sub(r'lora_([qv])\.down', r'linear_a_\1', name)
    name = re.sub(r'lora_([qv])\.up', r'linear_b_\1', name)
    return re.sub(r'^sam\.', 'model.', name)


def small():
    return Co2SAM(num_classes=3, sam=dict(arch=SIZES, save_all=True))


@pytest.mark.parametrize('kind, entries', [('co2sam', 362), ('co2sam_vit-h', 722)])
def test_every_entry_has_a_place(kind, entries):
    with torch.device('meta'):
        names = [official(name) for name in FORMATS[kind].counterpart().state_dict()]
    assert len(names) == entries
    state, dropped = rename_keys({name: name for name in names}, FORMATS[kind])
    assert not dropped and len(state) == entries
    place = 'sam.backbone.blocks.3.attn.qkv'
    assert state[f'{place}.lora_v.up.weight'] == (
        'model.image_encoder.blocks.3.attn.qkv.linear_b_v.weight'
    )
    assert state[f'{place}.base.bias'] == 'model.image_encoder.blocks.3.attn.qkv.qkv.bias'


@pytest.mark.parametrize('prefix', ['', 'module.', '_forward_module.'])
def test_converted_checkpoint_gives_the_same(tmp_path, monkeypatch, prefix):
    torch.manual_seed(0)
    source = small()
    for value in lora_parameters(source).values():
        torch.nn.init.normal_(value)
    state = {prefix + official(name): value for name, value in source.state_dict().items()}
    optimizer = {'state': {0: {'step': torch.tensor(3.0)}}, 'param_groups': [{'lr': 1e-4}]}
    torch.save({'model': state, 'optimizer': optimizer}, tmp_path / 'best.pth')
    monkeypatch.setitem(FORMATS, 'co2sam', CheckpointFormat('tiny', CO2SAM_RULES, small))
    assert convert_checkpoint(tmp_path / 'best.pth', tmp_path / 'ours.pth', 'co2sam') == []
    again = Co2SAM(num_classes=3, sam=dict(arch=SIZES, checkpoint='not/there.pth'))
    again.load_state_dict(torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict'])
    x = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        torch.testing.assert_close(again(x), source(x), rtol=0, atol=0)
