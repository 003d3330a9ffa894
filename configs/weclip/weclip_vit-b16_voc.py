# WeCLIP with the tags of the annotation files; -mask-tags_voc.py takes those of the masks, as
# published. Trained, it segments without tags; tested are 512 and 384 pixels with mirrored views.
# Environment: CLIP_CHECKPOINT, VOC_ROOT.
_base_ = [
    '../_base_/models/weclip_vit-b16_voc.py',
    '../_base_/datasets/weclip_voc.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

# Seeds and segmentation are both scored while it trains.
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
tta_model = None
