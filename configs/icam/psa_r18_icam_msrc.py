# AffinityNet of the small ICAM, whose masks are scored by contours, too.
_base_ = '../refine/psa_r18_msrc.py'
test_evaluator = [dict(type='MaskMetric'), dict(type='ContourMetric')]
