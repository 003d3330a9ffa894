# Classification prompts on the built-in photos, as on VOC. -cls-masks_shapes.py gives the coarse
# seed.
_base_ = [
    '../_base_/models/fma_vit-tiny.py',
    '../_base_/datasets/fma_shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/default_runtime.py',
]

max_epochs = 4

model = dict(
    loss_contrastive=dict(type='MultiLabelContrastiveLoss'),
    test_cfg=dict(caa=dict(threshold=0.4, source='score', layers=1)),
)
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, begin=1, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
