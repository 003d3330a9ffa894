# As Co2SAM makes them: photos stretched to the square, red and blue swapped. (What the phrase says
# is not looked at where one class was asked for.)
# DATA: voc, coco.
_base_ = './gdino_tag.py'

model = dict(detector=dict(options=dict(rule='first', swap_channels=True)))
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ToSAMFrame', side=1024, keep_ratio=False),
    dict(type='PackTagged'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
