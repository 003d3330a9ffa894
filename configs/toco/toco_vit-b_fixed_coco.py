# ToCo on COCO 2014 without the quirks of the release, see toco_vit-b_fixed_voc.py.
_base_ = './toco_vit-b_coco.py'

model = dict(scale_token_boxes=True)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TokenContrastViews', size=448, consistent=True),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
