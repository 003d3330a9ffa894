# Seeds smoothed along the colours of the photo; any threshold may follow.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='PAR'))
test_cfg = dict(kind='scores')
test_evaluator = dict(type='SeedMetric')
