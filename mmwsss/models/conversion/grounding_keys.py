"""Names and orders in Grounding DINO's original checkpoints."""

import re

import torch
from torch import Tensor, nn

from mmwsss.models.conversion.checkpoint_format import CheckpointFormat, Rules
from mmwsss.models.detectors.mmdet_grounding_dino import build_grounding_dino, read_arch

_BERT = 'language_model.language_backbone.body.model'
GROUNDING_RULES: Rules = (
    (r'^module\.', ''),  # the Swin-T file has it, the Swin-B file has not
    (r'^bbox_embed\.', 'transformer.decoder.bbox_embed.'),
    (r'^bert\.', f'{_BERT}.'),
    (r'^feat_map\.', 'text_feat_map.'),
    (r'^input_proj\.3\.', 'neck.extra_convs.0.'),
    (r'^input_proj\.(\d)\.', r'neck.convs.\1.'),
    (r'^(neck\.\w+\.\d)\.0\.', r'\1.conv.'),
    (r'^(neck\.\w+\.\d)\.1\.', r'\1.gn.'),
    # The image backbone.
    (r'^backbone\.0\.patch_embed\.proj\.', 'backbone.patch_embed.projection.'),
    (r'^backbone\.0\.layers\.', 'backbone.stages.'),
    (r'^backbone\.0\.', 'backbone.'),
    (r'^(backbone\.stages\..*)\.mlp\.fc1\.', r'\1.ffn.layers.0.0.'),
    (r'^(backbone\.stages\..*)\.mlp\.fc2\.', r'\1.ffn.layers.1.'),
    (r'^(backbone\.stages\..*)\.attn\.', r'\1.attn.w_msa.'),
    # The transformer. Norms of decoder layers stand in the order of their use.
    (r'^transformer\.tgt_embed\.', 'query_embedding.'),
    (r'^transformer\.level_embed$', 'level_embed'),
    (r'^transformer\.enc_output\.', 'memory_trans_fc.'),
    (r'^transformer\.enc_output_norm\.', 'memory_trans_norm.'),
    (
        r'^transformer\.enc_out_bbox_embed\.layers\.(\d)\.',
        lambda found: f'bbox_head.reg_branches.6.{2 * int(found[1])}.',
    ),
    (
        r'^transformer\.decoder\.bbox_embed\.(\d)\.layers\.(\d)\.',
        lambda found: f'bbox_head.reg_branches.{found[1]}.{2 * int(found[2])}.',
    ),
    (r'^transformer\.(decoder\.layers\.\d)\.norm2\.', r'\1.norms.0.'),
    (r'^transformer\.(decoder\.layers\.\d)\.catext_norm\.', r'\1.norms.1.'),
    (r'^transformer\.(decoder\.layers\.\d)\.norm1\.', r'\1.norms.2.'),
    (r'^transformer\.(decoder\.layers\.\d)\.norm3\.', r'\1.norms.3.'),
    (r'^transformer\.(decoder\.layers\.\d)\.ca_text\.', r'\1.cross_attn_text.attn.'),
    (r'^transformer\.(decoder\.layers\.\d)\.self_attn\.', r'\1.self_attn.attn.'),
    (
        r'^transformer\.(encoder\.\w+\.\d)\.norm([123])\.',
        lambda found: f'{found[1]}.norms.{int(found[2]) - 1}.',
    ),
    (r'^transformer\.(encoder\.text_layers\.\d)\.self_attn\.', r'\1.self_attn.attn.'),
    (r'^(transformer\.)?((en|de)coder\.\w+\.\d)\.linear1\.', r'\2.ffn.layers.0.0.'),
    (r'^(transformer\.)?((en|de)coder\.\w+\.\d)\.linear2\.', r'\2.ffn.layers.1.'),
    (r'^transformer\.', ''),
)


def unfold_order(name: str, value: Tensor) -> Tensor:
    """Put the four neighbours that Swin merges into the order in which mmdet unfolds them.

    Originally they come one after the other, each with all channels, the lower left one before the
    upper right one; mmdet's channels come one after the other, each with all neighbours.

    Args:
        name: Our name of the entry; all but norm and reduction of ``downsample`` pass unchanged.
        value: Shape: (4 C,) or (2 C, 4 C).
    """
    if not re.search(r'\.downsample\.(norm|reduction)\.', name):
        return value
    groups = value.unflatten(-1, (4, -1))[..., [0, 2, 1, 3], :]
    return groups.transpose(-1, -2).flatten(-2)


def _counterpart(arch: str) -> nn.Module:
    """A thin network of the same depths, without what training alone needs: names count."""
    config = read_arch(arch)
    config.backbone.embed_dims = width = 8 * config.backbone.num_heads[0]
    config.neck.in_channels = [2 * width, 4 * width, 8 * width]
    with torch.device('cpu'):  # mmdet's Swin does not support the meta device
        network = build_grounding_dino(config, bert=None)
    del network.dn_query_generator
    return network


def _format(arch: str, files: str) -> CheckpointFormat:
    return CheckpointFormat(
        summary=(
            f"Grounding DINO's original weights ({files}); becomes a state dict of mmdet's "
            'GroundingDINO. label_enc.* and position ids are dropped.'
        ),
        rules=GROUNDING_RULES,
        counterpart=lambda: _counterpart(arch),
        dropped=r'(module\.)?(label_enc\.|bert\.embeddings\.position_ids).*',
        values=unfold_order,
    )


GROUNDING_FORMATS = {
    'grounding-dino_swin-t': _format('swin-t', 'groundingdino_swint_ogc.pth'),
    'grounding-dino_swin-b': _format('swin-b', 'groundingdino_swinb_cogcoor.pth'),
}
