# Dense CRF of seeds, the background scoring (1 - max)^alpha: scores with a background
# map, of which `Threshold(background=None)` makes masks.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='CRF', alpha=4, protocol='psa', channel_order='rgb'))
# Full size as published; 4 is an eighth of the disk, and changes a few pixels.
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(type='SeedMetric')
