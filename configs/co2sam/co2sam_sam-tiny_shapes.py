# Co2SAM on the built-in data set, with the fixed behaviour, a tiny SAM and a simulated detector.
# Environment: SHAPES_ROOT, SAM_CHECKPOINT (sam_vit-tiny_shapes.py), PROMPT_STORE (training photos,
# configs/prompts/simulated-tag_shapes.py), VAL_PROMPT_STORE (validation photos,
# simulated-all_shapes.py).
_base_ = [
    '../_base_/models/sam_tiny.py',
    '../_base_/datasets/shapes.py',
    '../_base_/schedules/co2sam.py',
    '../_base_/default_runtime.py',
]
max_epochs = 1

model = dict(
    type='Co2SAM',
    num_classes=6,
    sam=dict(
        arch={{_base_.sam_arch}},
        checkpoint='{{$SAM_CHECKPOINT:work_dirs/sam_vit-tiny_shapes/epoch_20.pth}}',
    ),
    data_preprocessor=dict(type='SAMDataPreprocessor', side={{_base_.side}}),
)

prompts = '{{$PROMPT_STORE:work_dirs/simulated-tag_shapes/prompts}}'
val_prompts = '{{$VAL_PROMPT_STORE:work_dirs/simulated-all_shapes/prompts}}'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPrompts', store=prompts),
    dict(type='Co2SAMViews', side={{_base_.side}}),
    dict(type='PackTagged'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='LoadPrompts', store=val_prompts),
    dict(type='ToSAMFrame', side={{_base_.side}}),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPrompts', store=val_prompts),
    dict(type='ToSAMFrame', side={{_base_.side}}),
    dict(type='PackTagged'),
]
batch = dict(published=4)
train_dataloader = dict(num_workers=1, drop_last=False, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(split='val', pipeline=test_pipeline))

# 150 steps of four photos.
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(warmup=20, milestones=(120,))
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskMetric')
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric')
default_hooks = dict(param_scheduler=dict(type='ExecutedStepsHook'))
