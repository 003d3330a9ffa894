# ICAM's network on the built-in data set without sampling and similarity: mean logits, revised maps
# and agreement of the views alone. Ours; icam_r18_shapes.py starts from it, in the place of
# ImageNet's weights.
_base_ = [
    '../_base_/models/icam_r18.py',
    '../_base_/datasets/shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

max_epochs = 8

model = dict(head=dict(num_classes=6), loss_sampling=None, loss_similarity=None)

param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
val_evaluator = [
    dict(type='TagMetric'),
    dict(type='SeedMetric', background=0.5),
    dict(type='ContourMetric'),
]
test_evaluator = [dict(type='SeedMetric', background=0.5), dict(type='ContourMetric')]
custom_hooks = [dict(type='ChannelsLastHook')]
