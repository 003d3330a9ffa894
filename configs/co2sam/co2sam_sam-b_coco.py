# Co2SAM as released for COCO 2014, with every quirk; co2sam_sam-b_fixed_coco.py has none. One GPU,
# one photo a step. Its numbers are "oracle tags": classes that the image-level labels of a
# validation photo lack are removed from its map. The release evaluates epoch 2.
# Extra [sam]. Environment: COCO_ROOT, SAM_CHECKPOINT, PROMPT_STORE (training photos,
# configs/prompts/gdino_tag-published.py), VAL_PROMPT_STORE (validation photos,
# gdino_all-published.py).
_base_ = [
    '../_base_/datasets/coco.py',
    '../_base_/schedules/co2sam.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='Co2SAM',
    num_classes=80,
    sam=dict(
        arch='vit_b',
        checkpoint='{{$SAM_CHECKPOINT:checkpoints/sam_vit_b_01ec64.pth}}',
        rank=4,
        targets=('q', 'v'),
    ),
    loss=dict(type='Co2SAMLoss', focal_weight=20.0, entropy_weight=0.0),
    test_cfg=dict(oracle_tags=True, absent_compete=True, drop_unmatched=False),
    data_preprocessor=dict(type='SAMDataPreprocessor', side=1024, normalize_train=False),
)

prompts = '{{$PROMPT_STORE:work_dirs/gdino_tag-published_coco/prompts}}'
val_prompts = '{{$VAL_PROMPT_STORE:work_dirs/gdino_all-published_coco/prompts}}'
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
    dataset=dict(
        split='val',
        data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
        pipeline=test_pipeline,
    )
)

# The release does not validate while training; here at the end.
train_cfg = dict(max_epochs=10, val_interval=10)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskMetric', prefix='oracle_tags')
default_hooks = dict(
    param_scheduler=dict(type='ExecutedStepsHook'), checkpoint=dict(max_keep_ckpts=10)
)
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric', prefix='oracle_tags')
