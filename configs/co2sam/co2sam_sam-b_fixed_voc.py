# Co2SAM without the quirks of the release: training sees normalised photos of their own shape and
# boxes that fit the mirrored ones; boxes without a class and classes without a box cannot win; no
# image-level labels at test time. Prompts of configs/prompts/gdino_tag.py and
# gdino_all.py.
_base_ = './co2sam_sam-b_voc.py'

model = dict(
    test_cfg=dict(oracle_tags=False, absent_compete=False, drop_unmatched=True),
    data_preprocessor=dict(normalize_train=True),
)

prompts = '{{$PROMPT_STORE:work_dirs/gdino_tag_voc/prompts}}'
val_prompts = '{{$VAL_PROMPT_STORE:work_dirs/gdino_all_voc/prompts}}'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPrompts', store=prompts),
    dict(type='Co2SAMViews', side=1024, keep_ratio=True, flip_prompts=True),
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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = dict(prefix='masks')
test_evaluator = dict(prefix='masks')
default_hooks = dict(checkpoint=dict(save_best='masks/mIoU'))
