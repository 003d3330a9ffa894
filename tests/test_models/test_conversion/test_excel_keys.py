"""A file in ExCEL's format, as its training writes it."""

import torch

from mmwsss.models.conversion import convert_checkpoint
from mmwsss.models.conversion.checkpoint_keys import FORMATS
from mmwsss.models.conversion.excel_keys import _excel

OFFICIAL = (
    (r'fusion.perceptrons.{}.0.', 'decoder_fts_fuse.linears_modulelist.{}.proj.'),
    (r'fusion.perceptrons.{}.2.', 'decoder_fts_fuse.linears_modulelist.{}.proj_2.'),
)


def official(name):
    for block in range(12):
        for ours, theirs in OFFICIAL:
            name = name.replace(ours.format(block), theirs.format(block))
    name = name.replace('fusion.fuse.', 'decoder_fts_fuse.linear_fuse.')
    return 'module.' + name.replace('decoder.classifier.', 'decoder.linear_pred.')


def test_a_published_file_is_converted(tmp_path):
    model = _excel()
    state = {official(name): value for name, value in model.state_dict().items()}
    state['module.encoder.visual.transformer.resblocks.7.attn.qkv.weight'] = torch.zeros(3, 1)
    state['module.encoder.positional_embedding'] = torch.zeros(2)
    torch.save(state, tmp_path / 'official.pth')
    convert_checkpoint(tmp_path / 'official.pth', tmp_path / 'ours.pth', 'excel')
    found = torch.load(tmp_path / 'ours.pth', weights_only=True)
    found = found.get('state_dict', found)
    assert set(found) == set(model.state_dict())
    model.load_state_dict(found)
    assert 'excel' in FORMATS
