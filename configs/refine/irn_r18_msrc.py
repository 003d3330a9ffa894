# IRN on the small classifier's frozen backbone. Environment: CAM_CHECKPOINT
# (`model.backbone.init_cfg.checkpoint`), IR_LABEL_STORE, a mask store of ir-labels.py, and
# SCORE_STORE.
_base_ = [
    '../_base_/models/irn_r18.py',
    '../_base_/datasets/msrc.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
    '../_base_/walk.py',
]

max_epochs = 12

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_r18_msrc/epoch_80.pth}}',
            prefix='backbone.',
        )
    )
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='{{$IR_LABEL_STORE:work_dirs/ir_labels/masks}}'),
    dict(type='RandomScale', low=0.75, high=1.25),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=224),
    dict(type='MaskPairLabels', stride=4),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=0.05, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'disp': dict(lr_mult=2)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
