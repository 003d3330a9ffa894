# WeCLIP on the built-in photos with a tiny CLIP that has learned from their tags. Environment:
# CLIP_CHECKPOINT, of clip_vit-tiny-deep_shapes.py, and SHAPES_ROOT.
_base_ = [
    '../_base_/models/clip_vit-tiny.py',
    '../_base_/datasets/weclip_shapes.py',
    '../_base_/schedules/weclip.py',
    '../_base_/segmentation.py',
    '../_base_/iter_runtime.py',
]

max_iters = 400

model = dict(
    type='WeCLIP',
    clip=dict(
        type='CLIP',
        arch=dict(_base_.arch, vision_layers=3),
        checkpoint='{{$CLIP_CHECKPOINT:work_dirs/clip_vit-tiny-deep_shapes/epoch_32.pth}}',
    ),
    # The sentence that this CLIP has learned, and the normalisation.
    prompts=dict(
        names=_base_.names,
        background=('sky', 'grass', 'water', 'ground'),
        template='a photo of a {}.',
    ),
    num_classes=6,
    caa=dict(threshold=0.4, source='score', rounds=3, passes=2, layers=2),
    choose=2,
    phase2=dict(after=200),
    channels=64,
    layers=2,
    heads=4,
    loss_affinity=dict(type='TokenAffinityLoss', radius=3),
    par_iterations=10,
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(long_side=160, scales=(1.0, 0.8)),
)
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
val_evaluator = [dict(type='MaskMetric', prefix='seg'), dict(type='SeedMetric')]
default_hooks = dict(checkpoint=dict(interval=100))
tta_model = None
