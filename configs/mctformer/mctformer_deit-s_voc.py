# MCTformer-V2 in the form that CTI builds on: its data, optimiser and inference. One view of a
# photo, CTI's strong one; ours is this choice.
_base_ = [
    '../_base_/models/mctformer_deit-s.py',
    '../_base_/datasets/voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/deit_60e.py',
    '../_base_/default_runtime.py',
]

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizedCrop', size=224, area=(0.3, 1.2)),
    dict(type='RandomFlip'),
    dict(type='RandAugment', magnitude=9, magnitude_std=0.5, num_ops=2, prob=0.5),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
# The published batch, on one process.
batch = dict(published=64)
train_dataloader = dict(num_workers=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
# As CTI's seeds, which are scored at full size.
test_cfg = dict(stride=1)
