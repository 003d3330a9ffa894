# ToCo's test-time CRF (extra [crf]): masks of a store of toco_vit-b-scores_voc.py.
_base_ = '../refine/crf-segmentor_voc.py'

model = dict(
    refiner=dict(
        refiners=[dict(type='CRF', protocol='toco'), dict(type='Threshold', background=None)]
    )
)
test_evaluator = dict(prefix='seg', absent='present')
