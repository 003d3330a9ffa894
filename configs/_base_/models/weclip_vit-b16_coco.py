# WeCLIP on a frozen CLIP ViT-B/16, as published for COCO 2014. Extra [clip].
_base_ = ['./clip_vit-b16.py', '../names/clip_coco.py']

model = dict(
    type='WeCLIP',
    clip=_base_.clip,
    prompts=dict(names=_base_.names, background=_base_.background),
    num_classes=80,
    caa=dict(threshold=0.7, source='score', rounds=3, passes=2, layers=8),
    choose=10,
    phase2=dict(after=40000),
    # ImageNet's mean and deviation, as published.
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
)
