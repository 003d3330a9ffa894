# Classification prompts. The schedule is one of 20500 iterations, of which 6150 are used, as
# published (the choice was made on ground truth). Tested with CAA; -cls-masks_coco.py gives the
# coarse seed.
_base_ = [
    '../_base_/models/fma_vit-b16_coco.py',
    '../_base_/datasets/fma_coco.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/iter_runtime.py',
]

warm_up, schedule_iters, max_iters = 1000, 20500, 6150

model = dict(
    loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
    sub_batches=4,
    test_cfg=dict(caa=dict(threshold=0.6, source='cam')),
)
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=warm_up + 1, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, begin=warm_up, end=schedule_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=2050))
