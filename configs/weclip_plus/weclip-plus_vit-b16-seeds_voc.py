# Its labels of the training photos as a store of scores, from which any second stage can follow.
_base_ = './weclip-plus_vit-b16_voc.py'

model = dict(test_cfg=dict(output='seeds'))
test_dataloader = dict(dataset=dict(split='train_aug', data_prefix=_base_.eval_prefix))
test_cfg = dict(kind='scores')
test_evaluator = dict(_delete_=True, type='SeedMetric')
