# The built-in data set as FMA-WSSS would see it, see fma_voc.py. Environment: SHAPES_ROOT.
_base_ = './shapes.py'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=112, high=160, short=96),
    dict(type='RandomCropInside', size=96),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='ResizeToMultiple', divisor=8),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToMultiple', divisor=8),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
