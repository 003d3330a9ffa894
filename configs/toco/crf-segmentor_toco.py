# ToCo's test-time CRF: masks of a store of toco_vit-b-scores_*.py.
# DATA: voc, coco.
_base_ = '../refine/crf-segmentor.py'

model = dict(
    refiner=dict(
        refiners=[dict(type='CRF', protocol='toco'), dict(type='Threshold', background=None)]
    )
)
test_evaluator = dict(prefix='seg', absent='present')
