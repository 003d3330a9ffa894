# RIB on VOC, or a part of it, on a laptop's CPU: the classifier of cam_lite0_voc.py (its
# checkpoint) is tuned on each photo.
_base_ = '../cam/cam_lite0_voc.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = budget = None
model = dict(
    type='RIB',
    backbone=dict(out_indices=(4,)),
    test_cfg=dict(
        _delete_=True, fuse='irn_cam', steps=4, lr=8e-6, head_lr_mult=10, logit_limit=600
    ),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            # The scale 1 first: it is the one that is watched.
            dict(type='MultiScale', scales=(1.0, 0.5, 1.5)),
            dict(
                type='LoadDisjoint',
                batches=4,
                batch_size=8,
                dataset=dict(
                    type='VOCTaggedDataset',
                    data_root='{{$VOC_ROOT:data/VOCdevkit/VOC2012}}',
                    **_base_.train_photos,
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='RandomResizeLong', low=224, high=384),
                        dict(type='RandomCropPad', size=224),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
