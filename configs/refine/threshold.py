# Masks of seeds at a constant background score. The score store is
# `test_dataloader.dataset.pipeline.LoadSeeds.store`, or environment SCORE_STORE.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = ['../_base_/datasets/{{$DATA:voc}}.py', '../_base_/default_runtime.py']

model = dict(type='RefineModel', refiner=dict(type='Threshold', background=0.3))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadSeeds', store='{{$SCORE_STORE:work_dirs/scores}}'),
            dict(type='PackTagged'),
        ]
    )
)
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric')
