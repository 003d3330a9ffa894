# ToCo as released for COCO 2014, with every quirk. Four GPUs, two photos each.
# Environment: COCO_ROOT, VIT_CHECKPOINT.
_base_ = [
    '../_base_/models/toco_vit-b.py',
    '../_base_/datasets/coco.py',
    '../_base_/one_stage.py',
    '../_base_/schedules/toco.py',
    '../_base_/iter_runtime.py',
]
max_iters = 80000

model = dict(
    network=dict(num_classes=80, aux_block=9, decoder=dict(num_classes=81)),
    high=0.65,
    low=0.25,
    # The classifiers alone, then the segmentation by the auxiliary map, then everything.
    segment_from=8001,
    contrast_from=12001,
    own_cam_from=12001,
    scale_token_boxes=False,
    loss_ctc=dict(temperature=1.0),
    # Squeezed. The larger logit of both views counts, scales are added: the reverse of VOC.
    test_cfg=dict(side=448, scales=(1.0, 1.25, 1.5), merge_flips='max', merge_scales='sum'),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TokenContrastViews', size=448, consistent=False),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=8)
train_dataloader = dict(num_workers=8, dataset=dict(pipeline=train_pipeline))
# The release validates on some 5000 photos while it trains; these are the first.
val_dataloader = dict(dataset=dict(indices=5000))
test_dataloader = dict(
    dataset=dict(split='val', data_prefix={{_base_.val_prefix}}, pipeline=test_pipeline)
)

val_evaluator = [
    dict(type='TagMetric'),
    dict(type='SeedMetric', background=0.45, absent='present'),
    dict(type='MaskMetric', prefix='seg', absent='present'),
]
param_scheduler = dict(end=max_iters)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=4000)
default_hooks = dict(checkpoint=dict(interval=4000))
