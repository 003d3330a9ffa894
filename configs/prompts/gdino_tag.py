# Boxes for the image-level labels of the training photos: Grounding DINO (Swin-B, which has been
# trained with boxes, COCO's among them; Swin-T has not seen COCO: model.detector.arch=swin-t).
# Extra [det]. Environment: GDINO_CHECKPOINT, BERT_FOLDER.
# DATA: voc, coco.
_base_ = [
    '../_base_/names/{{$DATA:voc}}.py',
    '../_base_/datasets/{{$DATA:voc}}.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='PromptModel',
    detector=dict(
        type='MMDetGroundingDINO',
        arch='swin-b',
        checkpoint='{{$GDINO_CHECKPOINT:checkpoints/groundingdino_swinb_cogcoor_mmdet-55949c9c.pth}}',
        bert='{{$BERT_FOLDER:checkpoints/bert-base-uncased}}',
        options=dict(rule='spans', swap_channels=False),
    ),
    names={{_base_.names}},
    captions='tag',
)
# The detector sees photos as SAM does.
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='ToSAMFrame', side=1024),
    dict(type='PackTagged'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_cfg = dict(type='StoreTestLoop', kind='prompts')
test_evaluator = []
