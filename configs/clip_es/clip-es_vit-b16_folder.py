# Seeds of photos of one's own; the names of the classes in tags.csv are the prompts, so give them
# names that a caption would have. Nothing is trained. Environment: CLIP_CHECKPOINT, FOLDER_ROOT.
_base_ = [
    '../_base_/models/clip_vit-b16.py',
    '../_base_/datasets/folder.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='CLIPES',
    clip=_base_.clip,
    prompts=dict(names='auto'),
    num_classes='auto',
    test_cfg=dict(caa=dict(threshold=0.4, source='score', rounds=3, passes=2)),
    data_preprocessor=_base_.data_preprocessor,
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='ResizeToMultiple', divisor=16),
            dict(type='PackTagged'),
        ]
    )
)
train_dataloader = val_dataloader = None
test_cfg = dict(type='StoreTestLoop', kind='scores')
test_evaluator = dict(type='SeedMetric')
