# DeepLabV3+ on the pseudo masks of one's own photos (see the data set's base). It starts from the
# CAM network's backbone, which has seen the photos and their tags:
# `model.backbone.init_cfg.checkpoint`.
_base_ = [
    '../_base_/models/deeplabv3plus_lite0.py',
    '../_base_/datasets/folder_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(init_cfg=dict(checkpoint=None, prefix='backbone.')),
    # 'auto': the classes of the store of pseudo masks, and the background.
    decode_head=dict(num_classes='auto'),
)

side = 320
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='RandomResizeLong', low=224, high=448),
    dict(type='RandomCrop', crop_size=(224, 224), cat_max_ratio=0.85),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PhotoMetricDistortion'),
    dict(type='PackTagged'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='RandomResizeLong', low=side, high=side),
    dict(type='PackTagged'),
]
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [
                dict(type='RandomResizeLong', low=int(side * ratio), high=int(side * ratio))
                for ratio in (0.75, 1.0, 1.25, 1.5)
            ],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackTagged')],
        ],
    ),
]
train_dataloader = dict(num_workers=2, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(num_workers=2, dataset=dict(pipeline=test_pipeline))

budget = dict(iterations=100, min_epochs=8)
train_cfg = dict(val_interval=1)
val_cfg = val_evaluator = None
default_hooks = dict(logger=dict(interval=10))
