# CTI's AdamW: base rate 5e-4 * batch / 512 at its batch of 64, by epoch. Weights of the position
# tables and of the background token decay, DeiT's class token does not.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=6.25e-5, weight_decay=0.05, betas=(0.9, 0.999), eps=1e-8),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys=dict(cls_token=dict(decay_mult=0.0)),
    ),
)
param_scheduler = dict(
    type='DeiTCosineLR', warmup_epochs=5, warmup_lr=1e-6, eta_min=1e-5, begin=0, end=60
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=5)
