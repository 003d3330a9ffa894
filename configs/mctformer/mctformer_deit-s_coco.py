# The VOC settings on COCO 2014, photos without a class included, as CTI has them.
_base_ = [
    '../_base_/models/mctformer_deit-s.py',
    '../_base_/datasets/coco.py',
    '../_base_/seeds.py',
    '../_base_/schedules/deit_60e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(num_classes=80), head=dict(num_classes=80))

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizedCrop', size=224, area=(0.3, 1.2)),
    dict(type='RandomFlip'),
    dict(type='RandAugment', magnitude=9, magnitude_std=0.5, num_ops=2, prob=0.5),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=64)
train_dataloader = dict(num_workers=10, dataset=dict(pipeline=train_pipeline, untagged=True))
# CTI's seeds are scored on these 5208 of the photos that it trains on.
subset = [*range(1768), *range(16049, 17785), *range(39253, 40957)]
val_dataloader = dict(
    dataset=dict(split='train', data_prefix={{_base_.train_eval_prefix}}, indices=subset)
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
