# ExCEL on a frozen CLIP ViT-B/16, as published for COCO 2014. Extra [clip].
# Environment: EXCEL_BANK, the released text bank.
_base_ = ['./clip_vit-b16.py', '../names/clip_coco.py']

model = dict(
    type='ExCEL',
    clip=_base_.clip,
    prompts=dict(names=_base_.names, background=_base_.background),
    num_classes=80,
    bank=dict(
        file='{{$EXCEL_BANK:checkpoints/ms_coco_desc_clip_ViT-B-16_gpt4.0_cluster_224_embedding_bank.pth}}'
    ),
    caa=dict(threshold=0.88, source='score', rounds=3, passes=0, layers=6),
    learnt_after=30000,
    own_labels_after=None,
    # ImageNet's mean and deviation, as published.
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
)
