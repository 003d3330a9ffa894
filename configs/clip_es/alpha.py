# Masks of the maps alone, the background scoring 1 - max: a number that is not chosen on masks.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = '../refine/threshold.py'

model = dict(refiner=dict(background=None, alpha=1))
