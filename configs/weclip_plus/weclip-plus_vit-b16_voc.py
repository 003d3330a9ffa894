# WeCLIP+ with the tags of the annotation files, in VOC as published.
# Environment: CLIP_CHECKPOINT, DINO_CHECKPOINT, VOC_ROOT.
_base_ = [
    '../_base_/models/weclip-plus_vit-b16_voc.py',
    '../_base_/datasets/weclip_voc.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=2e-4))
# Seeds and segmentation are both scored while it trains.
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
tta_model = None
