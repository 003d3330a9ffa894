# ToCo on the transformer of vit-tiny_lite0.py, whose features learn on at a tenth of the rate.
# Environment: CAM_CHECKPOINT (`model.network.backbone.stem.init_cfg.checkpoint`).
_base_ = ['./toco_vit-b.py', './vit-tiny_lite0.py']

model = dict(
    data_preprocessor=_base_.data_preprocessor,
    network=dict(
        aux_block=-2,
        # There is nothing to keep: positions begin at random.
        backbone=dict(_base_.vit, frozen_positions=False),
        decoder=dict(in_channels=192, channels=128, dilation=2),
    ),
    head=dict(hidden=256, bottleneck=64, prototypes=256),
    local_size=64,
    num_local=4,
    val_cfg=dict(side=320),
)
# The statistics of ImageNet stay.
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook', part='network.backbone')]
