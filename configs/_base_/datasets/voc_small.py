# VOC, or a part of it, on a laptop: photos of 320 pixels. Environment: VOC_ROOT, TRAIN_LIST and
# VAL_LIST (see voc.py).
_base_ = './voc.py'

side = 320

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=256, high=448),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, prob=0.8),
    dict(type='RandomCropPad', size=256),
    dict(type='PackTagged'),
]
# Scores of the resized photo are compared with the mask at its own size.
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=side, high=side),
    dict(type='LoadMask'),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=side, high=side),
    dict(type='MultiScale', scales=(1.5, 0.5, 2.0)),
    dict(type='PackTagged'),
]
batch = dict(published=16)
train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
