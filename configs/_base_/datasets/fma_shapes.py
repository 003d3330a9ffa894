# The built-in data set as FMA-WSSS would see it, see fma_voc.py. Environment: SHAPES_ROOT.
_base_ = './shapes.py'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=144, high=208, short=112),
    dict(type='RandomCropInside', size=112),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='ResizeToMultiple', divisor=16, factor=1.5),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToMultiple', divisor=16, factor=1.5),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
