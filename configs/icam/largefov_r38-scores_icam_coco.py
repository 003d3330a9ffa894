# What the final network knows of the validation photos, for its dense CRF.
_base_ = './largefov_r38_icam_coco.py'

model = dict(_delete_=True, type='SoftmaxScores', module={{_base_.model}}, min_score=0.0)
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric', absent='zero')
