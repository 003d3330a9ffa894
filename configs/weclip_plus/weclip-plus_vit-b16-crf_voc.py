# The test with the dense CRF of all classes, which the release calls for VOC alone.
_base_ = './weclip-plus_vit-b16_voc.py'

_crf = dict(
    gaussian_sxy=3, gaussian_compat=3, bilateral_sxy=64, bilateral_srgb=5, bilateral_compat=4
)
model = dict(test_cfg=dict(crf=_crf))
