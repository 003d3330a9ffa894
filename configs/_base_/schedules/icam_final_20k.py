# ICAM's final stage: biases twice as fast as weights and without decay, new layers ten times as
# fast. The rate reaches 0 one step after the last.
max_iters = 20000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'decode_head.conv_seg.bias': dict(lr_mult=20.0, decay_mult=0.0),
            'decode_head': dict(lr_mult=10.0),
        }
    ),
)
param_scheduler = dict(type='PSAPolyLR', power=0.9, begin=0, end=max_iters + 1, by_epoch=False)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
