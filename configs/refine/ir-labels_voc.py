# IRN's labels by dense CRF (extra [crf]): sure pixels, the others 255. On scores of the fusion
# 'irn_high_res'. RIB: high=0.35, low=0.17. LPCAM: high=0.45, low=0.25.
_base_ = './threshold_voc.py'

model = dict(refiner=dict(_delete_=True, type='IRLabels', high=0.3, low=0.05))
