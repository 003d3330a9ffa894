# MCTformer-V2 on VOC, or a part of it, on a laptop's CPU, on the features of the plain CAM network.
# Environment: VOC_ROOT, TRAIN_LIST and VAL_LIST (see ../_base_/datasets/voc.py), CAM_CHECKPOINT
# (configs/cam/cam_lite0_voc.py).
_base_ = [
    '../_base_/models/mctformer_deit-tiny-lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

budget = dict(iterations=300, min_epochs=12)
optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    paramwise_cfg=dict(_delete_=True, custom_keys=dict(stem=dict(lr_mult=0.1))),
)
val_evaluator = dict(_delete_=True, type='TagMetric')
test_evaluator = [dict(type='SeedMetric'), dict(type='ContourMetric')]
