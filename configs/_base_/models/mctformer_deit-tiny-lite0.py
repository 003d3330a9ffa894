# MCTformer-V2 for photos of 320 pixels on a CPU: a thin transformer of four blocks on the features
# of the plain CAM network (cam_lite0.py), which learn on, at a tenth of the rate.
# Environment: CAM_CHECKPOINT (`model.backbone.stem.init_cfg.checkpoint`).
_base_ = './mctformer_deit-s.py'

model = dict(
    data_preprocessor=dict(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5)),
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
        drop_path_rate=0.0,
        init_cfg=None,
    ),
    head=dict(in_channels=192),
    # Attention between patches needs more than this to learn from: along it, seeds get lost.
    test_cfg=dict(patch_blocks=0),
)
# The statistics of ImageNet stay.
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook')]
