# ToCo's test-time CRF (extra [crf]): masks of a store of toco_vit-b-scores_coco.py.
_base_ = '../refine/crf-segmentor_coco.py'

model = dict(
    refiner=dict(
        refiners=[dict(type='CRF', protocol='toco'), dict(type='Threshold', background=None)]
    )
)
test_evaluator = dict(prefix='seg', absent='present')
