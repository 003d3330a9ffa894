# ICAM's first two stages: 8 epochs, new layers ten times as fast. All of them are without bias, and
# batch norm is frozen: there is no bias to treat. As in the whole PSA family the momentum is 5e-4
# (see poly_sgd.py).
_base_ = './poly_sgd.py'

optim_wrapper = dict(
    optimizer=dict(lr=0.01, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(end=8)
train_cfg = dict(max_epochs=8, val_interval=8)
