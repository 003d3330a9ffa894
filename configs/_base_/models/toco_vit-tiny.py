# ToCo for small photos: a thin transformer of four blocks on the frozen features of the plain CAM
# network (cam_r18.py), which stands where published networks have ImageNet's weights.
# Environment: CAM_CHECKPOINT (`model.network.backbone.stem.init_cfg.checkpoint`).
_base_ = './toco_vit-b.py'

model = dict(
    network=dict(
        num_classes=6,
        aux_block=-2,
        backbone=dict(
            arch=dict(
                _delete_=True, embed_dims=96, num_layers=4, num_heads=3, feedforward_channels=192
            ),
            img_size=112,
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
            # There is nothing to keep: positions begin at random.
            frozen_positions=False,
            init_cfg=None,
        ),
        decoder=dict(in_channels=96, num_classes=7, channels=128, dilation=2),
    ),
    head=dict(hidden=128, bottleneck=64, prototypes=128),
    local_size=32,
    num_local=4,
    cam_scales=(1.0, 0.75, 1.5),
    val_cfg=dict(side=None),
)
