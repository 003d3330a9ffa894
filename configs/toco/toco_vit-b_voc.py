# ToCo as released for PASCAL VOC 2012, with every quirk; toco_vit-b_fixed_voc.py has none.
# Two GPUs, two photos each: two of its losses depend on how photos are spread over processes.
# Environment: VOC_ROOT, VIT_CHECKPOINT.
_base_ = [
    '../_base_/models/toco_vit-b.py',
    '../_base_/datasets/voc.py',
    '../_base_/one_stage.py',
    '../_base_/schedules/toco.py',
    '../_base_/iter_runtime.py',
]
max_iters = 20000

model = dict(
    high=0.7,
    low=0.25,
    segment_from=2001,
    scale_token_boxes=False,
    # Own size and shape. Logits of both views are added, the largest over scales counts.
    test_cfg=dict(scales=(1.0, 1.5, 1.25), merge_flips='sum', merge_scales='max'),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='TokenContrastViews', size=448, consistent=False),
    dict(type='PackTagged'),
]
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=4)
train_dataloader = dict(num_workers=8, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(_base_.val_dataloader.dataset, _delete_=True, pipeline=test_pipeline)
)

param_scheduler = dict(end=max_iters)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=2000)
