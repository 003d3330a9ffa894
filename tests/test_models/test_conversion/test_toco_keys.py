"""Files of ToCo in the release's format."""

import json
from pathlib import Path

import pytest
import torch

from mmwsss.models.conversion import convert_checkpoint, describe_checkpoint
from mmwsss.registry import MODELS
from tests.test_models.test_one_stage.test_toco import BACKBONE, CONFIG, NETWORK

CASE = Path(__file__).parents[2] / 'golden/toco/checkpoint_keys.json'
# The published sizes and those of a narrow network.
NARROW = {768: 16, 2304: 48, 3072: 32, 2048: 12, 512: 8, 256: 6, 1024: 8, 20: 3, 21: 4}


@pytest.fixture
def published(tmp_path):
    """All names of the release, each with the prefix of its wrapper, on a narrow network."""
    generator = torch.Generator().manual_seed(0)
    state = {
        f'module.{name}': torch.randn([NARROW.get(n, n) for n in shape], generator=generator)
        for name, shape in json.loads(CASE.read_text())['params'].items()
    }
    path = tmp_path / 'model_iter_20000.pth'
    torch.save(state, path)
    return path


def test_a_published_file_loads(tmp_path, published):
    target = tmp_path / 'toco.pth'
    dropped = convert_checkpoint(published, target, 'toco')
    assert sorted(dropped) == [
        'encoder.head.bias',
        'encoder.head.weight',
        'proj_head.last_layer.weight_g',
        'proj_head_t.last_layer.weight_g',
    ]
    arch = dict(embed_dims=16, num_layers=12, num_heads=2, feedforward_channels=32)
    backbone = {**BACKBONE, 'arch': arch, 'img_size': 224}
    model = MODELS.build({**CONFIG, 'network': {**NETWORK, 'backbone': backbone}})
    model.load_state_dict(torch.load(target, weights_only=True)['state_dict'])
    state = torch.load(published, weights_only=True)
    for ours, theirs in (
        (model.network.backbone.ln1.weight, 'encoder.norm.weight'),
        (model.network.backbone.pos_embed_cls, 'encoder.pos_embed'),
        (model.network.backbone.layers[3].ffn.layers[1].weight, 'encoder.blocks.3.mlp.fc2.weight'),
        (model.network.decoder[2].weight, 'decoder.conv7.weight'),
        (model.network.aux_classifier.weight, 'aux_classifier.weight'),
        (model.student.prototypes, 'proj_head.last_layer.weight_v'),
        (model.teacher.mlp[4].bias, 'proj_head_t.mlp.4.bias'),
    ):
        value = state[f'module.{theirs}']
        assert torch.equal(ours, value[:, :1] if theirs.endswith('pos_embed') else value)


def test_kind_is_found(published):
    kind, lines = describe_checkpoint(published)
    assert kind == 'toco'
    assert 'proj_head.last_layer.weight_g -> dropped' in lines


def test_a_cut_file_is_refused(tmp_path, published):
    state = torch.load(published, weights_only=True)
    del state['module.decoder.conv7.weight']
    torch.save(state, published)
    with pytest.raises(ValueError, match=r'not the expected .*Missing: network.decoder.2.weight'):
        convert_checkpoint(published, tmp_path / 'x.pth', 'toco')
    assert not (tmp_path / 'x.pth').exists()
