# Seeds of a trained ExCEL for the training photos' tags, as a store of scores.
_base_ = './excel_vit-tiny_shapes.py'

model = dict(test_cfg=dict(output='seeds'))
test_dataloader = dict(dataset=dict(split='train'))
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric')
