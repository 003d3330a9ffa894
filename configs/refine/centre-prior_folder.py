# The baseline that looks at tags alone: an ellipse in the middle. Of the store only the tags count.
_base_ = './threshold_folder.py'

model = dict(refiner=dict(_delete_=True, type='CentrePrior', area=0.4))
