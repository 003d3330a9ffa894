# ICAM on COCO 2014 with the values of VOC, as released.
_base_ = [
    '../_base_/models/icam_r38.py',
    '../_base_/datasets/coco_icam.py',
    '../_base_/seeds.py',
    '../_base_/schedules/icam.py',
    '../_base_/default_runtime.py',
]

model = dict(head=dict(num_classes=80))
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=448, high=768),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomCropPad', size=448),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# See icam_r38_voc.py.
test_cfg = dict(stride=1)
test_evaluator = [
    dict(type='SeedMetric', background=0.5, absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
