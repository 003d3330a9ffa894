# Seeds of a trained ExCEL for the training photos' tags, as a store of scores.
_base_ = './excel_vit-b16_coco.py'

model = dict(test_cfg=dict(output='seeds'))
test_dataloader = dict(dataset=dict(split='train', data_prefix=_base_.train_eval_prefix))
test_cfg = dict(kind='scores')
test_evaluator = dict(_delete_=True, type='SeedMetric')
