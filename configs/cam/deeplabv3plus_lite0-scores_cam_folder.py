# Where the trained segmentor sees the tagged classes: seeds of photos whose tags are given. What
# the photos have in common it knows better than the maps of each.
_base_ = './deeplabv3plus_lite0_cam_folder.py'

model = dict(_delete_=True, type='AveragedScores', module={{_base_.model}}, use_tags=True)
test_dataloader = dict(dataset=dict(pipeline=_base_.scores_pipeline))
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(type='SeedMetric')
