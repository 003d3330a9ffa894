# COCO 2014 for trainings on crops of 320 without colour jitter. Environment: COCO_ROOT.
_base_ = './coco.py'

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
test_dataloader = dict(
    dataset=dict(split='val', data_prefix=_base_.val_prefix, pipeline=test_pipeline)
)
