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
# As published, the training photos that have masks (or your own list): their seeds are scored
# too.
val_dataloader = dict(
    dataset=dict(
        _base_.test_dataloader.dataset,
        _delete_=True,
        pipeline=_base_.val_pipeline,
        **(dict(split='train') if 'split' in _base_.train_photos else {}),
    )
)
test_dataloader = dict(
    dataset=dict(_base_.val_dataloader.dataset, _delete_=True, pipeline=test_pipeline)
)
