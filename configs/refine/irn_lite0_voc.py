# IRN on VOC, or a part of it, on a laptop's CPU, on the frozen backbone of cam_lite0_voc.py.
# Environment: CAM_CHECKPOINT (`model.backbone.init_cfg.checkpoint`), IR_LABEL_STORE, a mask store
# of ir-labels.py, and SCORE_STORE.
_base_ = [
    '../_base_/models/irn_lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
    '../_base_/walk.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_lite0_voc/epoch_12.pth}}',
            prefix='backbone.',
        )
    ),
    # The best of five on masks of every sixth training photo: propagated seeds are high everywhere.
    test_cfg=dict(background=0.75, tuned_on_masks=True),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='{{$IR_LABEL_STORE:work_dirs/ir_labels/masks}}'),
    dict(type='RandomScale', low=0.75, high=1.25),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=256),
    dict(type='MaskPairLabels', stride=4),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

budget = dict(iterations=100, min_epochs=4)
# The heads are new, so no rate is reduced.
optim_wrapper = dict(optimizer=dict(lr=2e-3), paramwise_cfg=dict(_delete_=True))
