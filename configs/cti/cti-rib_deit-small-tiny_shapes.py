# RIB on the transformer of cti_deit-small-tiny_shapes.py (its checkpoint), tuned on each photo.
# Environment: CAM_CHECKPOINT.
_base_ = './cti_deit-small-tiny_shapes.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(type='CTIRIB', test_cfg=dict(steps=4, lr=2e-4))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(
                type='LoadDisjoint',
                batches=4,
                batch_size=8,
                dataset=dict(
                    type='ShapesDataset',
                    data_root='{{$SHAPES_ROOT:data/shapes}}',
                    drawing=_base_.drawing,
                    split='train',
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='RandomResizedCrop', size=80, area=(0.3, 1.2)),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
