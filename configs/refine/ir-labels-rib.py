# IRN's labels with RIB's values.
# DATA: voc, coco, msrc, shapes.
_base_ = './ir-labels.py'

model = dict(refiner=dict(high=0.35, low=0.17))
