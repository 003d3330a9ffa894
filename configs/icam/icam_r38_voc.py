# ICAM as released: 8 epochs of train_aug, total batch 8 at learning rate 0.01.
_base_ = [
    '../_base_/models/icam_r38.py',
    '../_base_/datasets/voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/icam.py',
    '../_base_/default_runtime.py',
]

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=448, high=768),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomCropPad', size=448),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# The release stores seeds at full size. A pixel is foreground where its class scores more than what
# is left to the background (0.5 after the winner took all): no threshold is searched. Classes
# that nobody has count 0 in mIoU and 1 in F.
test_cfg = dict(stride=1)
test_evaluator = [
    dict(type='SeedMetric', background=0.5, absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
