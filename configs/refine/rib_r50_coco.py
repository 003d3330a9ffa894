# RIB with its values for COCO 2014: the trained classifier of cam_r50_coco.py (its checkpoint) is
# tuned on each photo, and the maps of all steps are added up. The published pooling leaves out
# confident pixels of the first 20 classes alone, a constant left from VOC; here it does for all.
_base_ = '../cam/cam_r50_coco.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(
    type='RIB',
    test_cfg=dict(
        fuse='irn_cam', steps=10, lr=5e-6, pool_threshold=0.5, logit_limit=1000, cover_limit=0.8
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
                batch_size=15,
                dataset=dict(
                    type='COCOTaggedDataset',
                    data_root='{{$COCO_ROOT:data/coco}}',
                    split='train',
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
