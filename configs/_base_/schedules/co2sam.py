# Adam, one image a step; a step without boxes is none. Rates of the release: up from 0 in 250
# steps, a tenth from 60,000 on, a hundredth from 86,666 on. Configs add
# default_hooks.param_scheduler=dict(type='ExecutedStepsHook').
optim_wrapper = dict(
    type='SkippingOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999), weight_decay=1e-4),
)
param_scheduler = dict(type='WarmupStepsLR', warmup=250, milestones=(60000, 86666), by_epoch=False)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
