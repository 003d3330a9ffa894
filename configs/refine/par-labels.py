# ToCo's label step: confident pixels after PAR, the others 255.
# DATA: voc, coco, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='PARLabels', high=0.7, low=0.25))
