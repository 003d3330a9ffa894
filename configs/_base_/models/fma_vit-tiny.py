# Prompts of the tiny CLIP for the built-in photos. Environment: CLIP_CHECKPOINT, of
# configs/fma/clip_vit-tiny_shapes.py. Extra [clip].
_base_ = './clip_vit-tiny.py'

model = dict(
    type='FMA',
    clip=dict(
        type='CLIP',
        arch=_base_.arch,
        checkpoint='{{$CLIP_CHECKPOINT:work_dirs/clip_vit-tiny_shapes/epoch_32.pth}}',
    ),
    prompts=dict(
        names=_base_.names,
        background=('sky', 'grass', 'water', 'ground'),
        layout='end',
        context='generic',
        std=0.015,
        seed='真',
    ),
    num_classes=6,
    data_preprocessor=_base_.data_preprocessor,
)
