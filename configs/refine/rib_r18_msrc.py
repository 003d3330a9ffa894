# RIB on MSRC v2: the classifier of cam_r18_msrc.py (its checkpoint) is tuned on each photo.
_base_ = '../cam/cam_r18_msrc.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(
    type='RIB',
    test_cfg=dict(fuse='irn_cam', steps=4, lr=2e-4, head_lr_mult=10, logit_limit=600),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='MultiScale', scales=(0.5, 0.4, 0.75)),
            dict(
                type='LoadDisjoint',
                batches=4,
                batch_size=8,
                dataset=dict(
                    type='MSRCDataset',
                    data_root='{{$MSRC_ROOT:data/msrcv2}}',
                    ann_file='ImageSets/Segmentation/train.txt',
                    data_prefix=dict(img_path='JPEGImages'),
                    pipeline=[
                        dict(type='LoadImage'),
                        dict(type='RandomResizeLong', low=112, high=192),
                        dict(type='RandomCropPad', size=128),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
