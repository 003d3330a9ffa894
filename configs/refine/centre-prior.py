# The baseline that looks at tags alone: an ellipse in the middle. Of the store only the tags count.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='CentrePrior', area=0.3))
