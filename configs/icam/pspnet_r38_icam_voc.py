# ICAM's extended training on ResNet-38d, second round.
_base_ = './pspnet_r2n101_icam_voc.py'

_norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet38d',
        out_indices=(5, 7),
        frozen_stages=0,
        norm_eval=False,
        norm_cfg=_norm_cfg,
        dropout=(0.3, 0.5),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    decode_head=dict(in_channels=4096),
)
