# The published test: its dense CRF after the scales.
_base_ = './excel_vit-b16_voc.py'

model = dict(test_cfg=dict(crf='deeplab'))
