_base_ = [
    '../_base_/models/mask2former_swin-t.py',
    '../_base_/datasets/shapes_masks.py',
    '../_base_/segmentation.py',
    '../_base_/default_runtime.py',
]

# The same network at a hundredth of the size, from scratch, for a few minutes of CPU.
model = dict(
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        embed_dims=32,
        depths=(1, 1, 1, 1),
        num_heads=(1, 2, 4, 8),
        window_size=3,
        drop_path_rate=0.0,
        init_cfg=None,
    ),
    decode_head=dict(
        in_channels=(32, 64, 128, 256),
        feat_channels=64,
        out_channels=64,
        num_classes=7,
        num_queries=16,
        pixel_decoder=dict(
            encoder=dict(
                num_layers=1,
                layer_cfg=dict(
                    self_attn_cfg=dict(embed_dims=64, num_heads=4),
                    ffn_cfg=dict(embed_dims=64, feedforward_channels=128),
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
                ffn_cfg=dict(embed_dims=64, feedforward_channels=128),
            ),
        ),
        loss_cls=dict(class_weight=[1.0] * 7 + [0.1]),
        train_cfg=dict(num_points=1024),
    ),
)
# Nothing is pretrained, so the backbone learns as fast as the rest.
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), paramwise_cfg=dict(_delete_=True, norm_decay_mult=0.0)
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=20, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=10)
