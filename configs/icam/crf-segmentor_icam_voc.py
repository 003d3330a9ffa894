# The CRF of ICAM's final stage on VOC (extra [crf]): masks of a store of softmax scores.
_base_ = '../refine/crf-segmentor_voc.py'

model = dict(
    refiner=dict(
        refiners=[dict(type='CRF', protocol='icam_final'), dict(type='Threshold', background=None)]
    )
)
test_evaluator = [
    dict(type='MaskMetric', prefix='seg', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
