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
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
# The training photos with masks: seeds need tags.
batch = dict(published=4)
train_dataloader = dict(
    num_workers=4,
    sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(split='val', pipeline=test_pipeline))
