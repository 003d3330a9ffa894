# Where the trained segmentor sees the tagged classes: seeds of photos whose tags are given, on the
# terms of those of a CAM network.
_base_ = './deeplabv3plus_r18_cam_msrc.py'

model = dict(_delete_=True, type='SoftmaxScores', module={{_base_.model}}, use_tags=True)
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric')
