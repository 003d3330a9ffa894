# The published test: the segmentation through the dense CRF of all classes.
_base_ = './weclip_vit-b16_voc.py'

_crf = dict(
    gaussian_sxy=3, gaussian_compat=3, bilateral_sxy=64, bilateral_srgb=5, bilateral_compat=4
)
model = dict(test_cfg=dict(crf=_crf))
