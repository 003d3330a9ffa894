# MCTformer-V2 for small photos and from scratch: a thin DeiT of four blocks on patches of 8 pixels,
# behind a small convolutional stem, since no transformer learns little data from patches alone.
_base_ = './mctformer_deit-s.py'

model = dict(
    backbone=dict(
        num_classes=6,
        arch=dict(
            _delete_=True, embed_dims=96, num_layers=4, num_heads=3, feedforward_channels=192
        ),
        img_size=80,
        patch_size=8,
        stem_channels=(16, 32, 64),
        drop_path_rate=0.0,
        init_cfg=None,
    ),
    head=dict(in_channels=96, num_classes=6),
)
