# DeepLabV3+ on EfficientNet-Lite0, on pseudo masks of VOC or a part of it, on a laptop's CPU.
# `model.backbone.init_cfg.checkpoint`: the CAM network's.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0.py',
    '../_base_/datasets/voc_small_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(init_cfg=dict(checkpoint=None, prefix='backbone.')))
# Of each of the recipe's two rounds.
budget = dict(iterations=400, min_epochs=8)
