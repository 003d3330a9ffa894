# ICAM on the built-in data set; ours, and in all but the model the plain CAM's config.
_base_ = [
    '../_base_/models/icam_r18.py',
    '../_base_/datasets/shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 12

model = dict(head=dict(num_classes=6))

param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
val_evaluator = [
    dict(type='TagMetric'),
    dict(type='SeedMetric', background=0.5),
    dict(type='ContourMetric'),
]
test_evaluator = [dict(type='SeedMetric', background=0.5), dict(type='ContourMetric')]
custom_hooks = [dict(type='ChannelsLastHook')]
