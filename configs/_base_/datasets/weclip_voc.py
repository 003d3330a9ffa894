# VOC 2012 for trainings on crops of 320 without colour jitter. Environment: VOC_ROOT.
_base_ = './voc.py'

# Padding is black, and learnt from, as published.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomScale', low=0.5, high=2.0, cut=True, interpolation='bilinear'),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=320, fill=0),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=4)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# As published, the training photos that have masks: their seeds are scored too.
val_dataloader = dict(dataset=dict(split='train'))
test_dataloader = dict(dataset=dict(split='val', pipeline=test_pipeline))
