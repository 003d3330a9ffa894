# A thin transformer of four blocks for photos of 320 pixels on a CPU, on the features of the plain
# CAM network (cam_lite0.py): what ToCo's and MCTformer's have in common.
# Environment: CAM_CHECKPOINT.
vit = dict(
    arch=dict(_delete_=True, embed_dims=192, num_layers=4, num_heads=3, feedforward_channels=384),
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
    init_cfg=None,
)
data_preprocessor = dict(mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
