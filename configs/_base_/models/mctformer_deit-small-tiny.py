# MCTformer-V2 for small photos: a thin transformer of four blocks on the frozen features of the
# plain CAM network (cam_r18.py), which stands where published networks have ImageNet's weights.
# Environment: CAM_CHECKPOINT (`model.backbone.stem.init_cfg.checkpoint`).
_base_ = './mctformer_deit-s.py'

model = dict(
    backbone=dict(
        num_classes=6,
        arch=dict(
            _delete_=True, embed_dims=96, num_layers=4, num_heads=3, feedforward_channels=192
        ),
        img_size=80,
        patch_size=8,
        stem=dict(
            type='mmpretrain.ResNet',
            depth=18,
            num_stages=3,
            stem_channels=32,
            base_channels=32,
            strides=(1, 2, 1),
            dilations=(1, 1, 1),
            out_indices=(2,),
            frozen_stages=3,
            norm_eval=True,
            init_cfg=dict(
                type='Pretrained',
                checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_r18_shapes/epoch_12.pth}}',
                prefix='backbone.',
            ),
        ),
        stem_channels=128,
        stem_stride=8,
        drop_path_rate=0.0,
        init_cfg=None,
    ),
    head=dict(in_channels=96, num_classes=6),
    # Attention between patches needs more than this to learn from: along it, seeds get lost.
    test_cfg=dict(patch_blocks=0),
)
