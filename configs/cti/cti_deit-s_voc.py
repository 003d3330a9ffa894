# CTI (CVPR 2024) as released: total batch 64 at learning rate 6.25e-5, 60 epochs.
_base_ = [
    '../_base_/models/cti_deit-s.py',
    '../_base_/datasets/voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/deit_60e.py',
    '../_base_/default_runtime.py',
]

crop = [
    dict(type='RandomResizedCrop', size=224, area=(0.3, 1.2)),
    dict(type='RandomFlip'),
]
augment = dict(type='RandAugment', magnitude=9, magnitude_std=0.5, num_ops=2, prob=0.5)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TwoViews', weak=crop, strong=[*crop, augment]),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
# The published batch, on one process.
batch = dict(published=64)
train_dataloader = dict(num_workers=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
# The release stores seeds at full size.
test_cfg = dict(stride=1)
# The release's search stops at the first threshold that is not better; the best of all is reported
# too.
test_evaluator = dict(early_stop=True)
