_base_ = [
    '../_base_/models/deeplabv3plus_r18.py',
    '../_base_/datasets/msrc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

# `model.backbone.init_cfg.checkpoint` is the CAM network's: it has learned from the same tags, and
# there is nothing else to start from.
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(
        strides=(1, 2, 1),  # output stride 8, as the CAM network: the photos are small
        init_cfg=dict(type='Pretrained', checkpoint=None, prefix='backbone.'),
    ),
    decode_head=dict(num_classes=15),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=60, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=60, val_interval=20)
