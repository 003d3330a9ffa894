# ICAM's final network in small: DeepLab-v1 with the similarity of features, on the narrow ResNet-18
# of cam_r18.py, whose weights it takes (`model.backbone.init_cfg.checkpoint`). Configs add scales.
norm_cfg = dict(type='BN', requires_grad=True)
model = dict(
    type='SimilaritySegmentor',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmseg.ResNet',
        depth=18,
        num_stages=3,
        stem_channels=32,
        base_channels=32,
        strides=(1, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(2,),
        norm_cfg=norm_cfg,
        zero_init_residual=False,
        init_cfg=dict(type='Pretrained', checkpoint=None, prefix='backbone.'),
    ),
    decode_head=dict(
        type='LargeFOVHead',
        in_channels=128,
        channels=64,
        num_classes=21,
        dilation=3,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=True,
    ),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=1.25, loss_weight=0.5),
    flip=True,
)
