# PMM's SGD: one learning rate for everything.
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=5e-4)
)
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=1e-4, begin=0, end=20000, by_epoch=False)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=20000, val_interval=2000)
