# CTI on the network of mctformer_deit-small-tiny.py. Infusion waits for some epochs: before, its
# tokens know nothing.
_base_ = './mctformer_deit-small-tiny.py'

model = dict(
    type='CTI',
    backbone=dict(background=True, tokenizer_channels=192),
    head=dict(background=True),
    infuse_block=1,
    infuse_begin=1,
    bg_class_blocks=2,
    memory_size=30,
    loss_bg=dict(type='BackgroundComplementLoss', loss_weight=0.1),
    loss_intra=dict(type='MapAgreementLoss', loss_weight=1.0),
    loss_cross=dict(type='MapAgreementLoss', loss_weight=1.0),
)
