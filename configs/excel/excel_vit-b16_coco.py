# ExCEL. Training crops do not look at masks (on VOC the release's do). Trained, it segments without
# tags; tested are four scales with mirrored views.
# Environment: CLIP_CHECKPOINT, EXCEL_BANK, COCO_ROOT.
_base_ = [
    '../_base_/models/excel_vit-b16_coco.py',
    '../_base_/datasets/weclip_coco.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

model = dict(test_cfg=dict(flip_first=True, average_at=0.2))
max_iters = 100000

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [dict(_base_.param_scheduler[0], warmup=200, end=max_iters)]
train_cfg = dict(max_iters=max_iters, val_interval=10000)

# Seeds and segmentation are both scored while it trains.
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
tta_model = None
