# IRN's labels by dense CRF: sure pixels, the others 255. On scores of the fusion
# 'irn_high_res'. LPCAM: high=0.45, low=0.25.
# DATA: voc, coco, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='IRLabels', high=0.3, low=0.05))
