# CTI on DeiT-S/16, with the values for VOC: a background token, and all tokens from a tokenizer.
_base_ = './mctformer_deit-s.py'

model = dict(
    type='CTI',
    backbone=dict(background=True, tokenizer_channels=1920),
    head=dict(background=True),
    infuse_block=3,
    infuse_begin=0,
    bg_class_blocks=6,
    memory_size=30,
    loss_bg=dict(type='BackgroundComplementLoss', loss_weight=0.1),
    loss_intra=dict(type='MapAgreementLoss', loss_weight=1.0),
    loss_cross=dict(type='MapAgreementLoss', loss_weight=1.0),
)
