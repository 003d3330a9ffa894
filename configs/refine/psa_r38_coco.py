# AffinityNet as in PSA on COCO 2014, with the VOC values: PSA itself was published for VOC alone.
# Environment: LOW_ALPHA_STORE and HIGH_ALPHA_STORE, score stores of crf.py with a low and a
# high alpha, and SCORE_STORE.
_base_ = [
    '../_base_/models/affinitynet_r38.py',
    '../_base_/datasets/coco.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
    '../_base_/walk.py',
]

max_epochs = 5

train_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='LoadCRFScores',
        low_alpha='{{$LOW_ALPHA_STORE:work_dirs/crf_low/scores}}',
        high_alpha='{{$HIGH_ALPHA_STORE:work_dirs/crf_high/scores}}',
    ),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    # Black, not the mean colour: the published code pads before it normalises.
    dict(type='RandomCropPad', size=448, fill=0),
    dict(type='RandomFlip'),
    dict(type='CRFPairLabels', stride=8),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
batch = dict(published=8)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

# All new layers are without bias, and batch norm is frozen: there is no bias to treat.
optim_wrapper = dict(
    optimizer=dict(lr=0.01, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}),
)
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
