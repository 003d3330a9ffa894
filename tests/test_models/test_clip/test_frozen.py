"""``FrozenCLIP``: weights that no model trains or saves."""

import copy
import json

import pytest
import torch
from torch import nn

pytest.importorskip('open_clip', reason='the extra [clip] is not installed')

from mmwsss.models import CLIP
from mmwsss.registry import MODELS
from tests.test_models.test_clip.tiny_clip import SIZES, tiny_clip


def test_is_no_part_of_a_model():
    holder = nn.Module()
    holder.clip = clip = tiny_clip()
    assert not list(holder.parameters()) and not holder.state_dict()
    assert copy.deepcopy(holder).clip is clip
    assert not any(p.requires_grad for p in clip.module.parameters())
    assert not clip.module.training
    with torch.device('meta'):
        assert CLIP(arch=SIZES).device.type == 'cpu'


def test_built_from_a_config_with_a_record(tmp_path):
    clip = tiny_clip()
    torch.save(clip.module.state_dict(), tmp_path / 'clip.pth')
    built = MODELS.build(dict(type='CLIP', arch=SIZES, checkpoint=str(tmp_path / 'clip.pth')))
    record = json.loads(json.dumps(built.protocol()))
    assert record['checkpoint'] and record['width'] == 64
    assert tiny_clip().protocol()['checkpoint'] == ''


def test_another_architecture():
    other = tiny_clip(vision_layers=2, embed_dim=8).module.state_dict()
    with pytest.raises(ValueError, match='embed_dim 8 found, 16 expected; vision_layers 2 found'):
        tiny_clip().load_state_dict(other)
    with pytest.raises(ValueError, match='image encoder of this CLIP is a ResNet'):
        tiny_clip().load_state_dict({'visual.layer1.0.conv1.weight': torch.zeros(1)})
    with pytest.raises(ValueError, match=r'no CLIP: .* is missing \(found a'):
        tiny_clip().load_state_dict({'a': torch.zeros(1)})
    published = {
        'visual.conv1.weight': torch.empty(1024, 3, 14, 14, device='meta'),
        'visual.positional_embedding': torch.empty(257, 1024, device='meta'),
        'text_projection': torch.empty(768, 768, device='meta'),
        'positional_embedding': torch.empty(77, 768, device='meta'),
        'token_embedding.weight': torch.empty(49408, 768, device='meta'),
        'ln_final.weight': torch.empty(768, device='meta'),
    }
    for tower, layers in (('visual.', 24), ('', 12)):
        for index in range(layers):
            name = f'{tower}transformer.resblocks.{index}.attn.in_proj_weight'
            published[name] = torch.empty(1, device='meta')
    with pytest.raises(ValueError, match="To use these weights set arch='ViT-L-14-quickgelu'"):
        tiny_clip().load_state_dict(published)
