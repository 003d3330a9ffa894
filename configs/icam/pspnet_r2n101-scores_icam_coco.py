# Probabilities of the extended training on COCO 2014, averaged over six scales and their mirror
# images, for PMM's CRF. Classes that stay below 5 % in a photo are left out: all 81 would be
# terabytes.
_base_ = './pspnet_r2n101-pus_icam_coco.py'

model = dict(_delete_=True, type='AveragedScores', module={{_base_.model}})
test_dataloader = dict(dataset=dict(pipeline={{_base_.tta_pipeline}}))
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric', absent='zero')
