# WeCLIP+ with the tags of the annotation file; published are those of the masks: -mask-tags.
# Environment: CLIP_CHECKPOINT, DINO_CHECKPOINT, COCO_ROOT.
_base_ = [
    '../_base_/models/weclip-plus_vit-b16_coco.py',
    '../_base_/datasets/weclip_coco.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

max_iters = 80000

batch = dict(published=8)
optim_wrapper = dict(optimizer=dict(lr=2e-4))
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
# Published is no validation.
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
# Seeds and segmentation are both scored.
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
tta_model = None
