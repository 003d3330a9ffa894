# Seeds of VOC, or a part of it, on a laptop, by a small CLIP that has learned from the tags.
# Environment: CLIP_CHECKPOINT, of ../weclip/clip_vit-tiny-lite0_voc.py; VOC_ROOT and TRAIN_LIST
# (see ../_base_/datasets/voc.py).
_base_ = [
    '../_base_/models/clip_vit-tiny-lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='CLIPES',
    clip=_base_.clip,
    prompts=_base_.prompts,
    num_classes=20,
    test_cfg=dict(caa=dict(threshold=0.4, source='score', rounds=3, passes=2, layers=2)),
    data_preprocessor=_base_.data_preprocessor,
)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=320, high=320),
    dict(type='ResizeToMultiple', divisor=16, factor=1.5),
    dict(type='PackTagged'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_dataloader = val_dataloader = None
test_cfg = dict(type='StoreTestLoop', kind='scores')
test_evaluator = dict(type='SeedMetric')
