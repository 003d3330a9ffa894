# The published test: its dense CRF after the scales.
_base_ = './excel_vit-b16_coco.py'

model = dict(test_cfg=dict(crf='deeplab'))
