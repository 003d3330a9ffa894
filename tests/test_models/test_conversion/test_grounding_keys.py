import re

import pytest
import torch
from torch import nn

pytest.importorskip('transformers', reason='the extra [det] is not installed')

from mmwsss.models.conversion import FORMATS, rename_keys
from mmwsss.models.conversion.grounding_keys import unfold_order

NORMS = {0: 'norm2', 1: 'catext_norm', 2: 'norm1', 3: 'norm3'}
INVERSE = (
    (r'^language_model\.language_backbone\.body\.model\.', 'bert.'),
    (r'^text_feat_map\.', 'feat_map.'),
    (r'^neck\.convs\.(\d)\.conv\.', r'input_proj.\1.0.'),
    (r'^neck\.convs\.(\d)\.gn\.', r'input_proj.\1.1.'),
    (r'^neck\.extra_convs\.0\.conv\.', 'input_proj.3.0.'),
    (r'^neck\.extra_convs\.0\.gn\.', 'input_proj.3.1.'),
    (r'^level_embed$', 'transformer.level_embed'),
    (r'^query_embedding\.', 'transformer.tgt_embed.'),
    (r'^memory_trans_fc\.', 'transformer.enc_output.'),
    (r'^memory_trans_norm\.', 'transformer.enc_output_norm.'),
    (
        r'^bbox_head\.reg_branches\.6\.(\d)\.',
        lambda m: f'transformer.enc_out_bbox_embed.layers.{int(m[1]) // 2}.',
    ),
    (
        r'^bbox_head\.reg_branches\.(\d)\.(\d)\.',
        lambda m: f'transformer.decoder.bbox_embed.{m[1]}.layers.{int(m[2]) // 2}.',
    ),
    (
        r'^decoder\.layers\.(\d)\.norms\.(\d)\.',
        lambda m: f'transformer.decoder.layers.{m[1]}.{NORMS[int(m[2])]}.',
    ),
    (r'^decoder\.(.*)cross_attn_text\.attn\.', r'transformer.decoder.\1ca_text.'),
    (r'^(encoder\.text_layers|decoder\.layers)(\.\d\.self_attn)\.attn\.', r'transformer.\1\2.'),
    (
        r'^encoder\.(\w+)\.(\d)\.norms\.(\d)\.',
        lambda m: f'transformer.encoder.{m[1]}.{m[2]}.norm{int(m[3]) + 1}.',
    ),
    (r'^((en|de)coder\..*)ffn\.layers\.0\.0\.', r'transformer.\1linear1.'),
    (r'^((en|de)coder\..*)ffn\.layers\.1\.', r'transformer.\1linear2.'),
    (r'^(en|de)coder\.', r'transformer.\1coder.'),
    (r'^backbone\.patch_embed\.projection', 'backbone.0.patch_embed.proj'),
    (r'^backbone\.stages\.(.*)ffn\.layers\.0\.0\.', r'backbone.0.layers.\1mlp.fc1.'),
    (r'^backbone\.stages\.(.*)ffn\.layers\.1\.', r'backbone.0.layers.\1mlp.fc2.'),
    (r'^backbone\.stages\.(.*)attn\.w_msa\.', r'backbone.0.layers.\1attn.'),
    (r'^backbone\.stages\.', 'backbone.0.layers.'),
    (r'^backbone\.(?!0\.)', 'backbone.0.'),
)


def official(name):
    for pattern, replacement in INVERSE:
        name = re.sub(pattern, replacement, name)
    return name


@pytest.mark.parametrize('prefix', ['module.', ''])
def test_every_entry_has_a_place(prefix):
    source = FORMATS['grounding-dino_swin-t']
    ours = list(source.counterpart().state_dict())
    assert len(ours) == 902
    names = {prefix + official(name): name for name in ours}
    assert len(names) == len(ours)
    if not prefix:  # the Swin-B file has the decoder's boxes at the top
        boxes = 'transformer.decoder.bbox_embed'
        names = {name.replace(boxes, 'bbox_embed'): own for name, own in names.items()}
    extra = [f'{prefix}label_enc.weight', f'{prefix}bert.embeddings.position_ids']
    state, dropped = rename_keys({**names, **dict.fromkeys(extra)}, source)
    assert state == {name: name for name in ours} and dropped == extra
    for name in ('transformer.decoder.layers.2.catext_norm.weight', 'input_proj.3.1.bias'):
        assert prefix + name in names
    del state, names[prefix + 'feat_map.weight']
    with pytest.raises(ValueError, match=r'groundingdino_swint_ogc.*Missing: text_feat_map.weight'):
        rename_keys(names, source)


def test_merged_patches_are_reordered():
    """As Swin merges: neighbours one after the other; as mmdet unfolds: channel by channel."""
    torch.manual_seed(0)
    x = torch.randn(1, 3, 4, 4)
    norm, reduction = torch.randn(12), torch.randn(6, 12)
    parts = [x[..., 0::2, 0::2], x[..., 1::2, 0::2], x[..., 0::2, 1::2], x[..., 1::2, 1::2]]
    expected = (torch.cat(parts, 1).flatten(2).transpose(1, 2) * norm) @ reduction.T
    unfolded = nn.Unfold(2, stride=2)(x).transpose(1, 2)
    stage = 'backbone.stages.0.downsample'
    norm, reduction = (
        unfold_order(f'{stage}.{name}.weight', value)
        for name, value in (('norm', norm), ('reduction', reduction))
    )
    torch.testing.assert_close((unfolded * norm) @ reduction.T, expected)
    assert unfold_order('backbone.norm1.weight', norm) is norm
