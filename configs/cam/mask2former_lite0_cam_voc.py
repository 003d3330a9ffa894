# A small Mask2Former on pseudo masks of VOC or a part of it, on a laptop's CPU.
# `model.backbone.init_cfg.checkpoint`: the CAM network's.
_base_ = [
    '../_base_/models/mask2former_lite0.py',
    '../_base_/datasets/voc_small_masks.py',
    '../_base_/segmentation.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(init_cfg=dict(checkpoint=None, prefix='backbone.')))
budget = dict(iterations=1000, min_epochs=20)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end='auto', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs='auto', val_interval='auto')
