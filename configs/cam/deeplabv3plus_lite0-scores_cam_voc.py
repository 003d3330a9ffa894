# Where the trained segmentor sees the tagged classes, at two scales and mirrored: seeds of photos
# whose tags are given. What 400 photos have in common it knows better than the maps of each.
_base_ = './deeplabv3plus_lite0_cam_voc.py'

model = dict(_delete_=True, type='AveragedScores', module={{_base_.model}}, use_tags=True)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(
                type='mmseg.TestTimeAug',
                transforms=[
                    [
                        dict(type='RandomResizeLong', low=240, high=240),
                        dict(type='RandomResizeLong', low=400, high=400),
                    ],
                    [
                        dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                        dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
                    ],
                    [dict(type='PackTagged')],
                ],
            ),
        ]
    )
)
test_cfg = dict(kind='scores', stride=1)
test_evaluator = dict(_delete_=True, type='SeedMetric')
