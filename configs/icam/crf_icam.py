# Dense CRF of seeds on ICAM's lists and masks of COCO. `model.refiner.alpha` is 2 and 4.
# DATA: coco_icam, coco17_icam.
_base_ = '../refine/crf.py'

model = dict(refiner=dict(alpha=2))
test_evaluator = dict(absent='zero')
