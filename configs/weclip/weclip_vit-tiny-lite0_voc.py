# WeCLIP on VOC, or a part of it, on a laptop's CPU, with a small CLIP that has learned from the
# tags. Environment: CLIP_CHECKPOINT, of clip_vit-tiny-lite0_voc.py; VOC_ROOT, TRAIN_LIST and
# VAL_LIST (see ../_base_/datasets/voc.py).
_base_ = [
    '../_base_/models/clip_vit-tiny-lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

max_iters = 400

model = dict(
    type='WeCLIP',
    clip=_base_.clip,
    prompts=_base_.prompts,
    num_classes=20,
    caa=dict(threshold=0.4, source='score', rounds=3, passes=2, layers=2),
    choose=2,
    phase2=dict(after=200),
    channels=64,
    layers=2,
    heads=4,
    loss_affinity=dict(type='TokenAffinityLoss', radius=4),
    par_iterations=10,
    ignore_padding=True,
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(long_side=320, scales=(1.0, 0.75)),
)
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=256, high=448),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=256, fill=0),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=320, high=320),
    dict(type='PackTagged'),
]
batch = dict(published=4)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(_base_.val_dataloader.dataset, _delete_=True, pipeline=test_pipeline)
)
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
default_hooks = dict(checkpoint=dict(interval=100))
tta_model = None
