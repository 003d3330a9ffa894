# ToCo's AdamW: weights of all kinds decay, new layers learn ten times as fast. A config adds the
# number of iterations.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
    paramwise_cfg=dict(
        custom_keys=dict(
            classifier=dict(lr_mult=10.0),
            decoder=dict(lr_mult=10.0),
            student=dict(lr_mult=10.0),
        )
    ),
)
param_scheduler = dict(
    type='PolyWarmupLR', warmup=1500, warmup_ratio=1e-6, power=0.9, by_epoch=False
)
