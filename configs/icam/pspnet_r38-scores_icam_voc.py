# Probabilities of a network of the extended training, averaged over six scales and their mirror
# images, for PMM's CRF. The split is train_aug to make cyclic masks, val to score.
_base_ = './pspnet_r38_icam_voc.py'

model = dict(_delete_=True, type='AveragedScores', module={{_base_.model}}, min_score=0.0)
test_dataloader = dict(dataset=dict(pipeline={{_base_.tta_pipeline}}))
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric', absent='zero')
