# COCO 2014 as FMA-WSSS sees it, see fma_voc.py. Environment: COCO_ROOT.
_base_ = './coco.py'

# As published; from the annotation files: tags=dict(source='shipped').
tags = dict(source='masks', path='masks/train2014')

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=318, high=530, short=224),
    dict(type='RandomCropInside', size=224),
    dict(type='RandomMirror'),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='ResizeToMultiple', divisor=16),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ResizeToMultiple', divisor=16),
    dict(type='PackTagged'),
]
batch = dict(published=16)
train_dataloader = dict(
    num_workers=12,
    sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True),
    dataset=dict(tags=tags, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(tags=tags, pipeline=test_pipeline))
