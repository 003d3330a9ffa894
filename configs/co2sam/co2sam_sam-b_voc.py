# Co2SAM as released for PASCAL VOC 2012, with every quirk; co2sam_sam-b_fixed_voc.py has none.
# One GPU, one photo a step. Its numbers are "oracle tags": classes that the image-level labels of a
# validation photo lack are removed from its map.
# Extra [sam]. Environment: VOC_ROOT, SAM_CHECKPOINT, PROMPT_STORE (training photos,
# configs/prompts/gdino_tag-published.py), VAL_PROMPT_STORE (validation photos,
# gdino_all-published.py).
_base_ = [
    '../_base_/datasets/voc.py',
    '../_base_/schedules/co2sam.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='Co2SAM',
    num_classes=20,
    sam=dict(
        arch='vit_b',
        checkpoint='{{$SAM_CHECKPOINT:checkpoints/sam_vit_b_01ec64.pth}}',
        rank=4,
        targets=('q', 'v'),
    ),
    loss=dict(type='Co2SAMLoss', focal_weight=30.0, entropy_weight=1.0),
    test_cfg=dict(oracle_tags=True, absent_compete=True, drop_unmatched=False),
    data_preprocessor=dict(type='SAMDataPreprocessor', side=1024, normalize_train=False),
)

prompts = '{{$PROMPT_STORE:work_dirs/gdino_tag-published_voc/prompts}}'
val_prompts = '{{$VAL_PROMPT_STORE:work_dirs/gdino_all-published_voc/prompts}}'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPrompts', store=prompts),
    dict(type='Co2SAMViews', side=1024, keep_ratio=False, flip_prompts=False),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='LoadPrompts', store=val_prompts),
    dict(type='ToSAMFrame', side=1024),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPrompts', store=val_prompts),
    dict(type='ToSAMFrame', side=1024),
    dict(type='PackTagged'),
]
batch = dict(published=1)
train_dataloader = dict(drop_last=False, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(
    dataset=dict(_base_.val_dataloader.dataset, _delete_=True, pipeline=test_pipeline)
)

train_cfg = dict(max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskMetric', prefix='oracle_tags')
default_hooks = dict(
    param_scheduler=dict(type='ExecutedStepsHook'),
    checkpoint=dict(save_best='oracle_tags/mIoU', rule='greater'),
)
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric', prefix='oracle_tags')
