# The built-in data set as WeCLIP would see it, see weclip_voc.py. Environment: SHAPES_ROOT.
_base_ = './shapes.py'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomScale', low=1.0, high=1.7, cut=True, interpolation='bilinear'),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=128, fill=0),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=8)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(split='val', pipeline=test_pipeline))
