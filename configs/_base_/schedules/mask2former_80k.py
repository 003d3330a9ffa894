# FMA-WSSS's length on VOC.
param_scheduler = dict(type='PolyLR', power=0.9, eta_min=0, begin=0, end=80000, by_epoch=False)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=80000, val_interval=5000)
