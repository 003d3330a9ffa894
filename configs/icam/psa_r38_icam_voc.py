# ICAM's AffinityNet: PSA's, from ImageNet's weights, for 8 epochs on CRFs with the alphas 2 and 4.
# The seeds walk 64 steps, the background scoring (1 - max)^6. Environment: LOW_ALPHA_STORE,
# HIGH_ALPHA_STORE and SCORE_STORE, see psa_r38_voc.py.
_base_ = '../refine/psa_r38_voc.py'

model = dict(test_cfg=dict(alpha=6, log_steps=6))
param_scheduler = dict(end=8)
train_cfg = dict(max_epochs=8, val_interval=8)
test_evaluator = [
    dict(type='MaskMetric', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
