# Masks of the maps alone, the background scoring 1 - max: a number that is not chosen on masks.
_base_ = '../refine/threshold_voc.py'

model = dict(refiner=dict(background=None, alpha=1))
