import pytest
import torch

from mmwsss.models.conversion import FORMATS, convert_checkpoint, describe_checkpoint, rename_keys
from mmwsss.models.conversion.icam_keys import ICAM_FORMATS

RENAMED = {
    'icam': {
        'conv1a.weight': 'backbone.stem.weight',
        'b5_1.bn_branch2b1.running_var': 'backbone.stage5.1.norm2.running_var',
        'f8_3.weight': 'head.proj3.weight',
        'f9.weight': 'head.embed.weight',
        'fc8.weight': 'head.classifier.weight',
    },
    'icam_final': {
        'backbone.b7.conv_branch1.weight': 'backbone.stage7.0.shortcut.weight',
        'backbone.bn7.bias': 'backbone.norm.bias',
        'conv_fov.weight': 'decode_head.fov.conv.weight',
        'bn_fov2.running_mean': 'decode_head.fov2.bn.running_mean',
        'cls_conv.bias': 'decode_head.conv_seg.bias',
    },
    'icam_extended_r38': {
        'backbone.b4_5.conv_branch2a.weight': 'backbone.stage4.5.conv1.weight',
        'decode_head.bottleneck.conv.weight': 'decode_head.bottleneck.conv.weight',
    },
    'icam_extended_r2n101': {
        'backbone.conv1.3.weight': 'backbone.stem.1.conv.weight',
        'backbone.bn1.running_mean': 'backbone.stem.2.bn.running_mean',
        'backbone.layer3.22.bns.2.weight': 'backbone.layer3.22.bns.2.weight',
        'backbone.layer1.0.conv1.weight': 'backbone.layer1.0.conv1.weight',
        'auxiliary_head.conv_seg.bias': 'auxiliary_head.conv_seg.bias',
    },
    'res2net101': {'conv1.0.weight': 'stem.0.conv.weight', 'bn1.bias': 'stem.2.bn.bias'},
}
STEM = {
    'stem.0.conv.': 'conv1.0.',
    'stem.0.bn.': 'conv1.1.',
    'stem.1.conv.': 'conv1.3.',
    'stem.1.bn.': 'conv1.4.',
    'stem.2.conv.': 'conv1.6.',
    'stem.2.bn.': 'bn1.',
}


def inverse(kind):
    """Published names of every entry of our model, from ours."""
    from mmwsss.models.conversion.checkpoint_keys import rename

    with torch.device('meta'):
        ours = list(FORMATS[kind].counterpart().state_dict())
    units = {
        f'stage{s}.{i}': f'b{s}' + (f'_{i}' if i else '') for s in range(2, 8) for i in range(6)
    }
    layers = {
        'norm1': 'bn_branch2a',
        'norm2': 'bn_branch2b1',
        'norm3': 'bn_branch2b2',
        'conv1': 'conv_branch2a',
        'conv2': 'conv_branch2b1',
        'conv3': 'conv_branch2b2',
        'shortcut': 'conv_branch1',
    }
    heads = {
        'head.proj3': 'f8_3',
        'head.proj4': 'f8_4',
        'head.embed': 'f9',
        'head.classifier': 'fc8',
        'decode_head.fov.conv': 'conv_fov',
        'decode_head.fov.bn': 'bn_fov',
        'decode_head.fov2.conv': 'conv_fov2',
        'decode_head.fov2.bn': 'bn_fov2',
    }
    if kind == 'icam_final':
        heads['decode_head.conv_seg'] = 'cls_conv'
    result = {}
    for name in ours:
        old = name
        for new, published in heads.items():
            if name.startswith(new + '.'):
                old = name.replace(new, published)
        if 'stage' in name:
            prefix, stage, number, layer, leaf = name.rsplit('.', 4)
            old = f'{prefix}.{units[f"{stage}.{number}"]}.{layers[layer]}.{leaf}'
        elif 'r2n' in kind or kind == 'res2net101':
            for new, published in STEM.items():
                old = old.replace(new, published)
        else:
            old = old.replace('backbone.stem', 'backbone.conv1a')
            old = old.replace('backbone.norm', 'backbone.bn7')
        if kind == 'icam':
            old = old.removeprefix('backbone.')
        result[old] = name
        assert rename(old, FORMATS[kind].rules) == name
    return result


@pytest.mark.parametrize('kind', sorted(ICAM_FORMATS))
def test_every_entry_has_a_counterpart(kind):
    names = inverse(kind)
    if kind == 'res2net101':
        names['fc.weight'] = None
    got, dropped = rename_keys({old: old for old in names}, FORMATS[kind])
    assert got == {new: old for old, new in names.items() if new}
    assert dropped == (['fc.weight'] if kind == 'res2net101' else [])
    for old, new in RENAMED[kind].items():
        assert got[new] == old


def test_missing_entry_is_named():
    names = inverse('icam')
    names.pop('fc8.weight')
    with pytest.raises(ValueError, match=r'cam.pth.*Missing: head.classifier.weight'):
        rename_keys({old: old for old in names}, FORMATS['icam'])


def test_file_is_converted_and_described(tmp_path):
    path, target = tmp_path / 'cam.pth', tmp_path / 'ours.pth'
    torch.save({old: torch.zeros(1) for old in inverse('icam')}, path)
    kind, lines = describe_checkpoint(path)
    assert kind == 'icam' and 'fc8.weight -> head.classifier.weight' in lines
    assert convert_checkpoint(path, target, 'icam') == []
    state = torch.load(target, weights_only=True)
    assert state['meta'] == dict(converted_from='icam')
    assert 'head.embed.weight' in state['state_dict']
