# Segmentation prompts on the built-in photos, as on VOC. -seg-masks_shapes.py gives the fine seed.
_base_ = [
    '../_base_/models/fma_vit-tiny.py',
    '../_base_/datasets/fma_shapes.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/default_runtime.py',
]

max_epochs = 8

model = dict(
    prompts=dict(
        background=('',) * 4, layout='front', context='class_specific', std=0.0125, seed='机'
    ),
    loss_cam=dict(type='CAMActivationLoss'),
    tags_of_crop=True,
    test_cfg=dict(caa=dict(threshold=0.5, source='cam', layers=1)),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='work_dirs/fma_shapes_recipe/coarse/masks'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=144, high=208, short=112),
    dict(type='RandomCropInside', size=112),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# A hundred times the published rate: the maps are faint, and the training is short.
optim_wrapper = dict(optimizer=dict(lr=0.1))
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=0, begin=1, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
