# Segmentation prompts, learnt from the coarse seed (`LoadPseudoMask.store`). Tested with CAA, gives
# scores; -seg-masks_voc.py gives the fine seed.
_base_ = [
    '../_base_/models/fma_vit-b16_voc.py',
    '../_base_/datasets/fma_voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/prompt_sgd.py',
    '../_base_/iter_runtime.py',
]

warm_up, max_iters = 500, 17000

model = dict(
    # Nameless prompts for the background, each with a context of its own. The published start is a
    # file; by its name it was drawn like this.
    prompts=dict(
        background=('',) * 25, layout='front', context='class_specific', std=0.0125, seed='机'
    ),
    loss_cam=dict(type='CAMActivationLoss'),
    tags_of_crop=True,
    test_cfg=dict(caa=dict(threshold=0.5, source='cam')),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='work_dirs/fma_voc_recipe/coarse/masks'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=288, high=480, short=224),
    dict(type='RandomCropInside', size=224),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
param_scheduler = [
    dict(type='ConstantLR', factor=0.01, begin=0, end=warm_up + 1, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=0, begin=warm_up, end=max_iters, by_epoch=False),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=1700))
