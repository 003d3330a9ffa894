# RIB on CTI's transformer, with RIB's values: the trained network of cti_deit-s_voc.py (its
# checkpoint) is tuned on each photo, and the maps of all steps are added up. Announced by CTI's
# authors and never released: how RIB is carried over is our reading (see the README).
_base_ = './cti_deit-s_voc.py'

train_cfg = val_cfg = val_evaluator = optim_wrapper = param_scheduler = None
model = dict(
    type='CTIRIB',
    test_cfg=dict(steps=10, lr=8e-6, pool_threshold=0.4, logit_limit=600, cover_limit=0.7),
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
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
                        # CTI's own weak crop, of the size it was trained at.
                        dict(type='RandomResizedCrop', size=224, area=(0.3, 1.2)),
                        dict(type='RandomFlip'),
                    ],
                ),
            ),
            dict(type='PackTagged', meta_keys=('disjoint', 'disjoint_tags', 'disjoint_boxes')),
        ]
    )
)
