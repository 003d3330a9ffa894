# DuPL's change to ToCo, on the built-in data set: two students of ToCo's network.
# Environment: SHAPES_ROOT, CAM_CHECKPOINT (configs/cam/cam_r18_shapes.py).
_base_ = [
    '../../configs/_base_/models/toco_vit-tiny.py',
    '../../configs/_base_/datasets/shapes.py',
    '../../configs/_base_/one_stage.py',
    '../../configs/_base_/schedules/toco.py',
    '../../configs/_base_/iter_runtime.py',
]
custom_imports = dict(imports=['projects.dupl.dupl'])
max_iters = 200

model = dict(
    _delete_=True,
    type='DuPL',
    network={{_base_.model.network}},
    data_preprocessor={{_base_.model.data_preprocessor}},
    segment_from=50,
    test_cfg=dict(scales=(1.0, 1.5, 1.25)),
    val_cfg=dict(flip=False, seeds=True),
)
test_pipeline = [dict(type='LoadImage'), dict(type='PackTagged')]
batch = dict(published=4)
train_dataloader = dict(num_workers=1)
test_dataloader = dict(num_workers=1, dataset=dict(split='val', pipeline=test_pipeline))

optim_wrapper = dict(optimizer=dict(lr=5e-4), paramwise_cfg=dict(_delete_=True))
param_scheduler = dict(warmup=20, end=max_iters)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
