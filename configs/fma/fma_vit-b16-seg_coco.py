# Segmentation prompts, learnt from the coarse seed (`LoadPseudoMask.store`). The schedule is one of
# 75000 iterations, of which 45000 are used, as published (the choice was made on ground truth).
# Without CAA; -seg-masks_coco.py gives the fine seed.
_base_ = [
    '../_base_/models/fma_vit-b16_coco.py',
    '../_base_/datasets/fma_coco.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/iter_runtime.py',
]

warm_up, schedule_iters, max_iters = 1000, 75000, 45000

model = dict(loss_cam=dict(type='CAMActivationLoss'), sub_batches=8)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='work_dirs/fma_coco_recipe/coarse/masks'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=318, high=531, short=224),
    dict(type='RandomCropInside', size=224),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=warm_up + 1, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, begin=warm_up, end=schedule_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=7500))
