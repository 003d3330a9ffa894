# What the trained network knows of the validation photos, for a dense CRF of all
# classes, as in the release.
_base_ = './toco_vit-b_voc.py'

model = dict(_delete_=True, type='SoftmaxScores', module={{_base_.model}}, min_score=0.0)
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric', absent='present')
