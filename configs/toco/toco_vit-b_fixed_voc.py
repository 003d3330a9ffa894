# ToCo without the quirks of the release: the view for local crops is mirrored as the training view
# is, and the photo's box with them; the box is laid over tokens at their scale.
_base_ = './toco_vit-b_voc.py'

model = dict(scale_token_boxes=True)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TokenContrastViews', size=448, consistent=True),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
