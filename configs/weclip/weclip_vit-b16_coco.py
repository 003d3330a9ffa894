# WeCLIP with the tags of the annotation files; -mask-tags_coco.py takes those of the masks, as
# published. Trained, it segments without tags; tested are 512 and 384 pixels with mirrored views.
# Environment: CLIP_CHECKPOINT, COCO_ROOT.
_base_ = [
    '../_base_/models/weclip_vit-b16_coco.py',
    '../_base_/datasets/weclip_coco.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

max_iters = 80000

param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
# Published is no validation.
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)

# Seeds and segmentation are both scored.
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
tta_model = None
