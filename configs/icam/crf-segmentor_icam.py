# The CRF of ICAM's final stage: masks of a store of softmax scores.
# DATA: voc, coco_icam, coco17_icam.
_base_ = '../refine/crf-segmentor.py'

model = dict(
    refiner=dict(
        refiners=[dict(type='CRF', protocol='icam_final'), dict(type='Threshold', background=None)]
    )
)
test_evaluator = [
    dict(type='MaskMetric', prefix='seg', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
