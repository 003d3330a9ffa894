# DeepLab's SGD: 20k iterations, poly to zero, the new layers ten times as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=10.0))),
)
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=20000, by_epoch=False)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=20000, val_interval=4000)
