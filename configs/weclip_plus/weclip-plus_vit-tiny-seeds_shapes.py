# Its labels of the training photos as a store of scores, from which any second stage can follow.
_base_ = './weclip-plus_vit-tiny_shapes.py'

model = dict(test_cfg=dict(output='seeds'))
test_dataloader = dict(dataset=dict(split='train'))
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric')
