# Photos of one's own (see the data set's base) from ImageNet weights: a few dozen photos of each
# tag do. Environment: FOLDER_ROOT.
_base_ = [
    '../_base_/models/cam_lite0.py',
    '../_base_/datasets/folder.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

# Seeds are propagated along the features of two inner stages.
model = dict(
    backbone=dict(out_indices=(2, 3, 4)),
    head=dict(num_classes='auto'),
    test_cfg=dict(max_side=640, propagate=True),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=224, high=384),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, prob=0.8),
    dict(type='RandomCropPad', size=224),
    dict(type='PackTagged'),
]
# Photos of any size are looked at with a long side of 480 and 160 pixels, mirrored too.
side = 320
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=side, high=side),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=side, high=side),
    dict(type='MultiScale', scales=(1.5, 0.5)),
    dict(type='PackTagged'),
]
# The tags of a tenth of the photos are predicted and scored; the masks are of all.
train_dataloader = dict(num_workers=2, dataset=dict(part='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(part='held_out', pipeline=val_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))

# A folder may have no masks.
val_evaluator = dict(_delete_=True, type='TagMetric')

default_hooks = dict(logger=dict(interval=10))
