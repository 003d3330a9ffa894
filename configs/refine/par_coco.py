# Seeds smoothed along the colours of the photo; any threshold may follow.
_base_ = './threshold_coco.py'

model = dict(refiner=dict(_delete_=True, type='PAR'))
test_cfg = dict(kind='scores')
test_evaluator = dict(type='SeedMetric')
