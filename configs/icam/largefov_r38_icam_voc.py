# ICAM's final stage as released: DeepLab-v1 on ResNet-38d, total batch 10, with the similarity of
# features once more. `train_dataloader.dataset.store` is the store of walked masks.
_base_ = [
    '../_base_/models/largefov_r38.py',
    '../_base_/datasets/voc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/icam_final_20k.py',
    '../_base_/iter_runtime.py',
]

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='HSVShift', delta=10),
    dict(type='RandomFlip'),
    dict(type='RandomRescale', low=0.5, high=1.5),
    dict(type='RandomCropPad', size=448),
    dict(type='PackTagged'),
]
# Photos at their own size: the network averages its scales itself.
val_pipeline = [dict(type='LoadImage'), dict(type='LoadMask'), dict(type='PackTagged')]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=10)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(store='work_dirs/icam_voc_recipe/walk_train/masks', pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_evaluator = [
    dict(type='MaskMetric', prefix='seg', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
tta_model = tta_pipeline = None
