# The built-in data set: 600 photos of 112 pixels, in about a minute on two CPU cores.
_base_ = [
    '../_base_/models/cam_r18.py',
    '../_base_/datasets/shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 12

model = dict(head=dict(num_classes=6))

param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
custom_hooks = [dict(type='ChannelsLastHook')]
