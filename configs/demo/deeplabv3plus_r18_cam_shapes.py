_base_ = [
    '../_base_/models/deeplabv3plus_r18.py',
    '../_base_/datasets/shapes_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

# `model.backbone.init_cfg.checkpoint` is the CAM network's: it has learned from the same tags, and
# there is nothing else to start from.
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=None, prefix='backbone.')),
    decode_head=dict(num_classes=7),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=24, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=24, val_interval=24)
custom_hooks = [dict(type='ChannelsLastHook')]
