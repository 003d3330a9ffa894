# MCTformer-V2 on the transformer of vit-tiny_lite0.py, whose features learn on at a tenth of
# the rate. Environment: CAM_CHECKPOINT (`model.backbone.stem.init_cfg.checkpoint`).
_base_ = ['./mctformer_deit-s.py', './vit-tiny_lite0.py']

model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(_base_.vit, drop_path_rate=0.0),
    head=dict(in_channels=192),
    # Attention between patches needs more than this to learn from: along it, seeds get lost.
    test_cfg=dict(patch_blocks=0),
)
# The statistics of ImageNet stay.
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook', part='backbone')]
