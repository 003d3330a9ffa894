# Prompts of a frozen CLIP ViT-B/16 for the classes of VOC 2012. Environment: CLIP_CHECKPOINT,
# OpenAI's ViT-B-16.pt. Extra [clip].
_base_ = ['./clip_vit-b16.py', '../names/clip_voc.py']

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
    num_classes=20,
    data_preprocessor=_base_.data_preprocessor,
)
