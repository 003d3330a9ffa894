# VOC 2012 as FMA-WSSS sees it: crops of 224 to learn from, whole photos with sides in multiples of
# 16 to look at. Environment: VOC_ROOT.
_base_ = './voc.py'

# Tags are those of the masks (tools/dataset_converters/voc_aug.py), as published. The usual ones,
# of the XML files, differ for 816 photos: tags=dict(source='xml', path='Annotations').
tags = dict(source='masks', path='SegmentationClassAug')

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='AbsColorJitter'),
    dict(type='RandomResizeCovering', low=288, high=480, short=224),
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
# Published seeds are scored on all of train_aug, by the masks of SBD.
test_dataloader = dict(
    dataset=dict(
        tags=tags,
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
        pipeline=test_pipeline,
    )
)
