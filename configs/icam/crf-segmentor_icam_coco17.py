# The CRF of ICAM's final stage on its COCO 2017 (extra [crf]): masks of a store of softmax scores.
_base_ = './crf_icam_coco17.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='CRF', protocol='icam_final'), dict(type='Threshold', background=None)],
    )
)
test_cfg = dict(_delete_=True, type='StoreTestLoop', kind='masks')
test_evaluator = [
    dict(type='MaskMetric', prefix='seg', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
