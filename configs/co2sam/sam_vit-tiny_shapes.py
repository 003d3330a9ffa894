# A tiny SAM from masks, for co2sam_sam-tiny_shapes.py, in the place of the published ones: of the
# built-in data set's other classes, which that one does not have. Fully supervised.
# Environment: SHAPES_OTHER_ROOT.
_base_ = [
    '../_base_/models/sam_tiny.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]
allow_ground_truth_masks = True
max_epochs = 20

model = dict(
    type='SAMFromMasks',
    arch={{_base_.sam_arch}},
    data_preprocessor=dict(type='SAMDataPreprocessor', side={{_base_.side}}),
)

data_root = '{{$SHAPES_OTHER_ROOT:data/shapes_other}}'
drawing = dict(seed=7, num_train=600, num_val=100, size=112, class_set='other')
prefix = dict(img_path='JPEGImages', seg_map_path='SegmentationClassEval')
pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8),
    dict(type='ObjectsFromMask'),
    dict(type='PackTagged'),
]
batch = dict(published=16)
train_dataloader = dict(
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        drawing=drawing,
        split='train',
        data_prefix=prefix,
        pipeline=pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='ShapesDataset',
        data_root=data_root,
        drawing=drawing,
        split='val',
        data_prefix=prefix,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadMask'),
            dict(type='ObjectsFromMask', jitter=0.0),
            dict(type='PackTagged'),
        ],
        test_mode=True,
    ),
)
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskMetric', prefix='boxes_given')

optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
