# Where the trained segmentor sees the tagged classes: seeds of photos whose tags are given. What
# 400 photos have in common it knows better than the maps of each.
_base_ = './deeplabv3plus_lite0_cam_voc.py'

model = dict(_delete_=True, type='SoftmaxScores', module={{_base_.model}}, use_tags=True)
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric')
