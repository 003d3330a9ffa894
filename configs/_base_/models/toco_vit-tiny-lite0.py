# ToCo for photos of 320 pixels on a CPU: a thin transformer of four blocks on the features of the
# plain CAM network (cam_lite0.py), which learn on, at a tenth of the rate.
# Environment: CAM_CHECKPOINT (`model.network.backbone.stem.init_cfg.checkpoint`).
_base_ = './toco_vit-b.py'

model = dict(
    data_preprocessor=dict(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
    network=dict(
        aux_block=-2,
        backbone=dict(
            arch=dict(
                _delete_=True, embed_dims=192, num_layers=4, num_heads=3, feedforward_channels=384
            ),
            img_size=256,
            patch_size=16,
            stem=dict(
                type='mmpretrain.TIMMBackbone',
                model_name='tf_efficientnet_lite0',
                features_only=True,
                output_stride=16,
                out_indices=(4,),
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_lite0_voc/epoch_12.pth}}',
                    prefix='backbone.',
                ),
            ),
            stem_channels=320,
            stem_stride=16,
            # There is nothing to keep: positions begin at random.
            frozen_positions=False,
            init_cfg=None,
        ),
        decoder=dict(in_channels=192, channels=128, dilation=2),
    ),
    head=dict(hidden=256, bottleneck=64, prototypes=256),
    local_size=64,
    num_local=4,
    val_cfg=dict(side=320),
)
# The statistics of ImageNet stay.
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook', part='network.backbone')]
