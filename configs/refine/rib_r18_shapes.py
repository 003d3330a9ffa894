# RIB on the built-in data: the classifier of cam_r18_shapes.py (its checkpoint) is tuned on each
# photo.
_base_ = '../cam/cam_r18_shapes.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(
    type='RIB',
    test_cfg=dict(fuse='irn_cam', steps=4, lr=2e-4, head_lr_mult=10, logit_limit=600),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='MultiScale', scales=(1.0, 0.75, 1.5)),
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
                        dict(type='RandomResizeLong', low=96, high=144),
                        dict(type='RandomCropPad', size=112),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
