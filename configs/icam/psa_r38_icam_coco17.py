# ICAM's AffinityNet on COCO 2017, see psa_r38_icam_voc.py.
_base_ = [
    '../_base_/models/affinitynet_r38.py',
    '../_base_/datasets/coco17_icam.py',
    '../_base_/schedules/icam.py',
    '../_base_/default_runtime.py',
    '../_base_/walk.py',
]

model = dict(test_cfg=dict(alpha=6, log_steps=6))
train_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='LoadCRFScores',
        low_alpha='{{$LOW_ALPHA_STORE:work_dirs/crf_low/scores}}',
        high_alpha='{{$HIGH_ALPHA_STORE:work_dirs/crf_high/scores}}',
    ),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1),
    dict(type='RandomCropPad', size=448, fill=0),
    dict(type='RandomFlip'),
    dict(type='CRFPairLabels', stride=8),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
batch = dict(published=8)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))
test_evaluator = [
    dict(type='MaskMetric', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
