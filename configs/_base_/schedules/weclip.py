# AdamW with decay on everything, a short warm-up and a linear decay.
max_iters = 30000

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.999), weight_decay=0.01),
)
param_scheduler = [
    dict(
        type='PolyWarmupLR',
        warmup=50,
        warmup_ratio=1e-6,
        power=1.0,
        begin=0,
        end=max_iters,
        by_epoch=False,
    )
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=2000)
