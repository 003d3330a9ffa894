"""Grounding DINOs small enough for tests, with a tokenizer of a few words."""

from pathlib import Path

import pytest
import torch

WORDS = ('dog', 'hot', 'bird', 'car', '##rot', 'cat', 'potted', '##plant', 'person', 'boat', 'bus')
# Where bert-base-uncased has them; one of the two networks has the numbers written in.
FIXED = {'[PAD]': 0, '[UNK]': 100, '[CLS]': 101, '[SEP]': 102, '[MASK]': 103, '.': 1012, '?': 1029}


def save_bert(folder: Path) -> Path:
    """``config.json`` and ``vocab.txt`` of a tiny BERT."""
    transformers = pytest.importorskip('transformers', reason='the extra [det] is not installed')
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [f'[unused{i}]' for i in range(1030)]
    for token, place in FIXED.items():
        tokens[place] = token
    (folder / 'vocab.txt').write_text('\n'.join([*tokens, *WORDS]) + '\n')
    (folder / 'tokenizer_config.json').write_text(
        '{"tokenizer_class": "BertTokenizer", "do_lower_case": true}'
    )
    bert_config(transformers).save_pretrained(folder)
    return folder


def bert_config(transformers):
    return transformers.BertConfig(
        vocab_size=1030 + len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )


def mmdet_config() -> dict:
    """A model config of mmdet with few layers; 256 channels are written into it."""
    dims = dict(embed_dims=256)
    ffn = dict(embed_dims=256, feedforward_channels=48, ffn_drop=0.0)
    return dict(
        type='GroundingDINO',
        num_queries=12,
        with_box_refine=True,
        as_two_stage=True,
        data_preprocessor=dict(type='DetDataPreprocessor'),
        backbone=dict(
            type='SwinTransformer',
            embed_dims=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 2, 2, 2],
            window_size=4,
            mlp_ratio=2,
            out_indices=(1, 2, 3),
        ),
        neck=dict(
            type='ChannelMapper',
            in_channels=[16, 32, 64],
            kernel_size=1,
            out_channels=256,
            act_cfg=None,
            bias=True,
            norm_cfg=dict(type='GN', num_groups=4),
            num_outs=4,
        ),
        encoder=dict(
            num_layers=1,
            num_cp=0,
            layer_cfg=dict(
                self_attn_cfg=dict(**dims, num_heads=4, num_levels=4, dropout=0.0), ffn_cfg=ffn
            ),
            text_layer_cfg=dict(self_attn_cfg=dict(num_heads=4, **dims, dropout=0.0), ffn_cfg=ffn),
            fusion_layer_cfg=dict(v_dim=256, l_dim=256, embed_dim=32, num_heads=4, init_values=1.0),
        ),
        decoder=dict(
            num_layers=2,
            return_intermediate=True,
            layer_cfg=dict(
                self_attn_cfg=dict(**dims, num_heads=4, dropout=0.0),
                cross_attn_text_cfg=dict(**dims, num_heads=4, dropout=0.0),
                cross_attn_cfg=dict(**dims, num_heads=4, dropout=0.0),
                ffn_cfg=ffn,
            ),
            post_norm_cfg=None,
        ),
        positional_encoding=dict(num_feats=128, normalize=True, offset=0.0, temperature=20),
        bbox_head=dict(
            type='GroundingDINOHead',
            num_classes=2,
            loss_cls=dict(type='FocalLoss', use_sigmoid=True),
            loss_bbox=dict(type='L1Loss'),
        ),
        dn_cfg=dict(
            label_noise_scale=0.5,
            box_noise_scale=1.0,
            group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=4),
        ),
        test_cfg=dict(max_per_img=4),
    )


def hf_folder(folder: Path) -> Path:
    """A tiny ``GroundingDinoForObjectDetection`` as it is saved."""
    transformers = pytest.importorskip('transformers', reason='the extra [det] is not installed')
    save_bert(folder)
    backbone = transformers.SwinConfig(
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 2, 2, 2],
        window_size=4,
        image_size=64,
        out_features=['stage2', 'stage3', 'stage4'],
    )
    config = transformers.GroundingDinoConfig(
        backbone_config=backbone,
        use_pretrained_backbone=False,
        text_config=bert_config(transformers),
        num_queries=12,
        encoder_layers=1,
        encoder_ffn_dim=48,
        encoder_attention_heads=4,
        decoder_layers=2,
        decoder_ffn_dim=48,
        decoder_attention_heads=4,
        d_model=32,
        max_text_len=24,
        disable_custom_kernels=True,
    )
    torch.manual_seed(0)
    network = transformers.GroundingDinoForObjectDetection(config)
    network.save_pretrained(folder)
    return folder
