"""Files in the formats of WeCLIP's family, as their trainings write them."""

import pytest
import torch

from mmwsss.models.conversion import convert_checkpoint
from mmwsss.models.conversion.weclip_keys import WECLIP_FORMATS


def official(name):
    """The released name of what we train."""
    theirs = name.replace('second_fusion.', 'dino_decoder_fts_fuse.')
    theirs = theirs.replace('fusion.', 'decoder_fts_fuse.', not theirs.startswith('dino'))
    theirs = theirs.replace('.fuse.', '.linear_fuse.').replace('.classifier.', '.linear_pred.')
    parts = theirs.split('.')
    if 'perceptrons' in parts:
        place = parts.index('perceptrons')
        parts[place] = 'linears_modulelist'
        parts[place + 2] = {'0': 'proj', '2': 'proj_2'}[parts[place + 2]]
    return '.'.join(parts)


@pytest.mark.parametrize(
    ('kind', 'prefix'),
    [('weclip', ''), ('weclip_plus', ''), ('weclip_plus_l', ''), ('excel', 'module.')],
)
def test_a_file_of_the_authors_training_is_converted(tmp_path, kind, prefix):
    model = WECLIP_FORMATS[kind].counterpart()
    state = {prefix + official(name): value for name, value in model.state_dict().items()}
    dropped = {'weclip_plus': 'dino_encoder.pos_embed', 'excel': 'module.encoder.visual.attn.qkv'}
    state[dropped.get(kind, 'encoder.visual.proj')] = torch.zeros(3, 1)
    torch.save(state, tmp_path / 'official.pth')
    convert_checkpoint(tmp_path / 'official.pth', tmp_path / 'ours.pth', kind)
    found = torch.load(tmp_path / 'ours.pth', weights_only=True)
    found = found.get('state_dict', found)
    assert set(found) == set(model.state_dict())
    assert all(torch.equal(found[name], value) for name, value in model.state_dict().items())
