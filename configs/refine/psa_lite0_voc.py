# AffinityNet on VOC, or a part of it, on a laptop's CPU, from the checkpoint of cam_lite0_voc.py.
# Environment: CAM_CHECKPOINT (`model.backbone.init_cfg.checkpoint`), LOW_ALPHA_STORE and
# HIGH_ALPHA_STORE, score stores of crf.py with a low and a high alpha, and SCORE_STORE.
_base_ = [
    '../_base_/models/affinitynet_lite0.py',
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
    # The best threshold of propagated seeds on training masks.
    test_cfg=dict(alpha=None, background=0.65, tuned_on_masks=True),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='LoadCRFScores',
        low_alpha='{{$LOW_ALPHA_STORE:work_dirs/crf_low/scores}}',
        high_alpha='{{$HIGH_ALPHA_STORE:work_dirs/crf_high/scores}}',
    ),
    dict(
        type='ColorJitter',
        brightness=0.3,
        contrast=0.3,
        saturation=0.3,
        hue=0.1,
        backend='opencv',
    ),
    dict(type='RandomCropPad', size=256, fill=0),
    dict(type='RandomFlip'),
    dict(type='CRFPairLabels', stride=8),
    dict(type='PackTagged', meta_keys=('pair_label',)),
]
# At stride 8, 16 crops would take 7 GiB of memory.
batch = dict(published=8)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = None
test_dataloader = dict(dataset=dict(pipeline=_base_.walk_pipeline))

budget = dict(iterations=100, min_epochs=4)
