# WeCLIP on a frozen CLIP ViT-B/16, as published for VOC 2012. Extra [clip].
_base_ = ['./clip_vit-b16.py', '../names/clip_voc.py']

model = dict(
    type='WeCLIP',
    clip=_base_.clip,
    prompts=dict(names=_base_.names, background=_base_.background),
    num_classes=20,
    caa=dict(threshold=0.4, source='score', rounds=3, passes=2, layers=8),
    choose=6,
    # Published is a counter of all forwards, 15000, in which the validation counts: phase 2 begins
    # in iteration 9145. Meant was 15000 iterations, it seems. The counter itself, which a resumed
    # run begins anew: dict(after=15000, count='forwards').
    phase2=dict(after=9144),
    # ImageNet's mean and deviation, as published.
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
)
