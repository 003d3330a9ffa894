# Segmentors on VOC, or a part of it, on a laptop (see voc_small.py and voc_masks.py).
_base_ = './voc_masks.py'

side = 320

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='RandomResizeLong', low=224, high=448),
    dict(type='RandomCrop', crop_size=(224, 224), cat_max_ratio=0.85),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
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
    dict(type='PackTagged'),
]
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [
                dict(type='RandomResizeLong', low=int(side * ratio), high=int(side * ratio))
                for ratio in (0.75, 1.0, 1.25, 1.5)
            ],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackTagged')],
        ],
    ),
]
batch = dict(published=8)
train_dataloader = dict(
    num_workers=2,
    drop_last=True,
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(num_workers=2, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))
