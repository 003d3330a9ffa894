# A small CLIP for VOC, or a part of it, on a laptop's CPU: it learns from the photos and their tags
# alone, on the features of the plain CAM network. Environment: VOC_ROOT, TRAIN_LIST and VAL_LIST
# (see ../_base_/datasets/voc.py), CAM_CHECKPOINT (configs/cam/cam_lite0_voc.py).
_base_ = [
    '../_base_/models/clip_vit-tiny-lite0.py',
    '../_base_/datasets/voc_small.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='CLIPPretrainer',
    arch=_base_.arch,
    names=_base_.names,
    stem_init=dict(
        type='Pretrained',
        checkpoint='{{$CAM_CHECKPOINT:work_dirs/cam_lite0_voc/epoch_12.pth}}',
        prefix='backbone.',
    ),
    data_preprocessor=_base_.data_preprocessor,
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Resize', size=256),
            dict(type='PackTagged'),
        ]
    )
)
# The stem's features learn on at a tenth of the rate; its statistics stay.
budget = dict(iterations=300, min_epochs=12)
optim_wrapper = dict(
    optimizer=dict(lr=5e-4),
    paramwise_cfg=dict(_delete_=True, custom_keys=dict(stem=dict(lr_mult=0.1))),
)
custom_hooks = [dict(type='ChannelsLastHook'), dict(type='NormEvalHook', part='clip.visual.conv1')]
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='TagMetric')
test_dataloader = None
