# The same for the classes of COCO.
_base_ = ['./clip_vit-b16.py', '../names/clip_coco.py']

model = dict(
    type='FMA',
    clip=_base_.clip,
    prompts=dict(
        names=_base_.names,
        background=_base_.background,
        layout='end',
        context='generic',
        std=0.015,
        seed='真',
    ),
    num_classes=80,
    data_preprocessor=_base_.data_preprocessor,
)
