# Dense CRF (extra [crf]) of seeds on ICAM's COCO 2014: refine/crf_coco.py on other lists and masks.
# `model.refiner.alpha` is 2 and 4. Environment: SCORE_STORE.
_base_ = ['../_base_/datasets/coco_icam.py', '../_base_/default_runtime.py']

model = dict(
    type='RefineModel', refiner=dict(type='CRF', alpha=2, protocol='psa', channel_order='rgb')
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadSeeds', store='{{$SCORE_STORE:work_dirs/scores}}'),
            dict(type='PackTagged'),
        ]
    )
)
test_cfg = dict(type='StoreTestLoop', kind='scores', stride=1)
test_evaluator = dict(type='SeedMetric', absent='zero')
