# AffinityNet on the small classifier, from its checkpoint. Environment: CAM_CHECKPOINT
# (`model.backbone.init_cfg.checkpoint`), LOW_ALPHA_STORE and HIGH_ALPHA_STORE, score stores of
# crf.py with a low and a high alpha, and SCORE_STORE.
_base_ = [
    '../_base_/models/affinitynet_r18.py',
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
    dict(
        type='LoadCRFScores',
        low_alpha='{{$LOW_ALPHA_STORE:work_dirs/crf_low/scores}}',
        high_alpha='{{$HIGH_ALPHA_STORE:work_dirs/crf_high/scores}}',
    ),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomCropPad', size=224, fill=0),
    dict(type='RandomFlip'),
    dict(type='CRFPairLabels', stride=8),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=0.01, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
