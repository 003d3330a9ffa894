# Classification prompts. Tested with CAA, gives scores; -cls-masks_voc.py gives the coarse seed.
_base_ = [
    '../_base_/models/fma_vit-b16_voc.py',
    '../_base_/datasets/fma_voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/iter_runtime.py',
]

warm_up, max_iters = 500, 1800

model = dict(
    loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
    test_cfg=dict(caa=dict(threshold=0.4, source='score')),
)
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=warm_up + 1, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, begin=warm_up, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=900))
