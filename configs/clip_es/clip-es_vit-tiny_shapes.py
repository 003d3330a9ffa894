# Seeds of the built-in photos by a tiny CLIP that has learned from their tags. Environment:
# CLIP_CHECKPOINT, of configs/fma/clip_vit-tiny_shapes.py.
_base_ = [
    '../_base_/models/clip_vit-tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='CLIPES',
    clip=dict(
        type='CLIP',
        arch=_base_.arch,
        checkpoint='{{$CLIP_CHECKPOINT:work_dirs/clip_vit-tiny_shapes/epoch_32.pth}}',
    ),
    # The sentence that this CLIP has learned.
    prompts=dict(
        names=_base_.names,
        background=('sky', 'grass', 'water', 'ground'),
        template='a photo of a {}.',
    ),
    num_classes=6,
    test_cfg=dict(caa=dict(threshold=0.4, source='score', rounds=3, passes=2, layers=1)),
    data_preprocessor=_base_.data_preprocessor,
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='ResizeToMultiple', divisor=16, factor=1.5),
            dict(type='PackTagged'),
        ]
    )
)
train_dataloader = val_dataloader = None
test_cfg = dict(type='StoreTestLoop', kind='scores', stride=1)
test_evaluator = dict(type='SeedMetric')
