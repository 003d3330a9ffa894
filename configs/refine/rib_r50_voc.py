# RIB: the trained classifier of cam_r50_voc.py (its checkpoint) is tuned on each photo, and the
# maps of all steps are added up.
_base_ = '../cam/cam_r50_voc.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(
    type='RIB',
    test_cfg=dict(
        fuse='irn_cam', steps=10, lr=8e-6, pool_threshold=0.4, logit_limit=600, cover_limit=0.7
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            # The scale 1 first: it is the one that is watched.
            dict(type='MultiScale', scales=(1.0, 0.5, 1.5, 2.0)),
            dict(
                type='LoadDisjoint',
                batches=10,
                batch_size=20,
                dataset=dict(
                    type='VOCTaggedDataset',
                    data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
                    split='train_aug',
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='RandomResizeLong', low=320, high=640),
                        dict(type='RandomCropPad', size=512),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
