"""Published vision transformers: DeiT and CTI."""

import re

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmwsss.models import CTI, ClassTokenViT
from mmwsss.models.conversion import FORMATS, convert_checkpoint, describe_checkpoint, rename_keys
from mmwsss.registry import MODELS
from tests.test_models.test_cam_generators.test_mctformer import config

TO_OFFICIAL = (
    (r'^backbone\.', ''),
    (r'^head\.conv\.', 'head.'),
    (r'^layers\.', 'blocks.'),
    (r'\.ln([12])\.', r'.norm\1.'),
    (r'\.ffn\.layers\.0\.0\.', '.mlp.fc1.'),
    (r'\.ffn\.layers\.1\.', '.mlp.fc2.'),
    (r'^patch_embed\.projection\.', 'patch_embed.proj.'),
    (r'^tokenizer\.fc1\.', 'tokenizer.0.'),
    (r'^tokenizer\.fc2\.', 'tokenizer.2.'),
    (r'^pos_embed_patch$', 'pos_embed_pat'),
)


def official_name(name):
    for pattern, new in TO_OFFICIAL:
        name = re.sub(pattern, new, name)
    return name


def small_cti():
    """Twelve blocks, as the published one has."""
    cfg = config('CTI', background=True)
    cfg['backbone']['arch']['num_layers'] = 12
    return MODELS.build(cfg).eval()


def official_cti(model):
    state = {
        official_name(name): torch.randn_like(value)
        for name, value in model.state_dict().items()
        if not name.startswith('memory.')
    }
    unused = {'norm.weight': torch.ones(12), 'norm.bias': torch.ones(12)}
    return {**state, **unused, 'pos_embed': torch.zeros(1, 17, 12)}


def test_cti(tmp_path):
    model = small_cti()
    official = official_cti(model)
    assert len(official) == 159
    torch.save(official, tmp_path / 'cti_voc.pth')
    assert describe_checkpoint(tmp_path / 'cti_voc.pth')[0] == 'cti'
    dropped = convert_checkpoint(tmp_path / 'cti_voc.pth', tmp_path / 'ours.pth', 'cti')
    assert sorted(dropped) == ['norm.bias', 'norm.weight', 'pos_embed']
    load_checkpoint(model, str(tmp_path / 'ours.pth'))
    own = model.state_dict()
    for name, value in own.items():
        if not name.startswith('memory.'):
            assert torch.equal(value, official[official_name(name)]), name
    assert isinstance(model, CTI) and not model.memory.seen.any()


def deit_names():
    counterpart = FORMATS['deit'].counterpart().state_dict()
    names = [official_name(name) for name in counterpart if not name.startswith('ln1.')]
    return [*names, 'norm.weight', 'norm.bias', 'head.weight', 'head.bias']


def test_deit(tmp_path):
    """Converted, it begins a network of another number of classes and another grid."""
    shapes = FORMATS['deit'].counterpart().state_dict()
    official = {name: torch.randn(2) for name in ('head.weight', 'head.bias')}
    for name, value in shapes.items():
        theirs = name.replace('ln1.', 'norm.') if name.startswith('ln1.') else official_name(name)
        official[theirs] = torch.randn_like(value)
    assert set(official) == set(deit_names()) and len(official) == 152
    torch.save(dict(model=official), tmp_path / 'deit_tiny.pth')
    assert describe_checkpoint(tmp_path / 'deit_tiny.pth')[0] == 'deit'
    dropped = convert_checkpoint(tmp_path / 'deit_tiny.pth', tmp_path / 'ours.pth', 'deit')
    assert sorted(dropped) == ['head.bias', 'head.weight']
    init = dict(type='Pretrained', checkpoint=str(tmp_path / 'ours.pth'))
    model = ClassTokenViT(num_classes=3, arch='deit-tiny', img_size=64, init_cfg=init)
    model.init_weights()
    assert torch.equal(model.cls_token, official['cls_token'])
    assert not model.bg_token.any()
    assert all(torch.equal(row, official['pos_embed'][0, 0]) for row in model.pos_embed_cls[0])
    assert torch.equal(model.layers[7].ffn.layers[1].weight, official['blocks.7.mlp.fc2.weight'])


@pytest.mark.parametrize('kind', ['deit', 'cti'])
def test_missing_names_are_named(kind):
    names = deit_names() if kind == 'deit' else list(official_cti(small_cti()))
    names.remove('blocks.3.attn.qkv.weight')
    with pytest.raises(ValueError, match=r'Missing: (backbone\.)?layers\.3\.attn\.qkv\.weight'):
        rename_keys({name: name for name in names}, FORMATS[kind])
