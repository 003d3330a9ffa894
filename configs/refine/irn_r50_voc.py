# IRN: trained on a mask store of ir-labels.py, then seeds walk inside the boundaries.
# Environment: IR_LABEL_STORE (`train_dataloader.dataset.pipeline.LoadPseudoMask.store`) and
# SCORE_STORE. RIB: test_cfg background=0.27, power=1.3. LPCAM: background=0.35, pad_to=None.
_base_ = [
    '../_base_/models/irn_r50.py',
    '../_base_/datasets/voc.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
    '../_base_/walk.py',
]

max_epochs = 3

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadPseudoMask', store='{{$IR_LABEL_STORE:work_dirs/ir_labels/masks}}'),
    dict(type='RandomScale', low=0.5, high=1.5),
    dict(type='RandomFlip'),
    dict(type='RandomCropPad', size=512),
    dict(type='MaskPairLabels', stride=4),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
# The published batch, on one process.
batch = dict(published=32)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=0.1, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'disp': dict(lr_mult=10)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)

custom_hooks = [
    dict(
        type='MeanDisplacementHook',
        dataloader=dict(
            batch_size=32,
            num_workers=4,
            drop_last=True,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                type='VOCTaggedDataset',
                data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
                split='train_aug',
                pipeline=[
                    dict(type='LoadImage'),
                    dict(type='TopLeftCropPad', size=512),
                    dict(type='PackTagged'),
                ],
                test_mode=True,
            ),
        ),
    )
]
