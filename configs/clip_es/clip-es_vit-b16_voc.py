# Seeds of VOC 2012, as published; nothing is trained. Environment: CLIP_CHECKPOINT, VOC_ROOT.
_base_ = [
    '../_base_/models/clip_vit-b16.py',
    '../_base_/names/clip_voc.py',
    '../_base_/datasets/voc.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='CLIPES',
    clip=_base_.clip,
    prompts=dict(names=_base_.names, background=_base_.background),
    num_classes=20,
    test_cfg=dict(caa=dict(threshold=0.4, source='score', rounds=3, passes=2)),
    data_preprocessor=_base_.data_preprocessor,
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='ResizeToMultiple', divisor=16),
            dict(type='PackTagged'),
        ]
    )
)
train_dataloader = val_dataloader = None
# Full size in half precision, as published; 4 is an eighth of the disk.
test_cfg = dict(type='StoreTestLoop', kind='scores', stride=1)
test_evaluator = dict(type='SeedMetric')
