# A segmentor's probabilities of the tagged classes, weighted with the maps that it has learned
# from, then smoothed along the colours of the photo. The maps' store is
# `test_dataloader.dataset.pipeline.LoadEvidence.store`, or environment EVIDENCE_STORE.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './par.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='AddEvidence', weight=2.0, background=0.3), dict(type='PAR')],
    )
)
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadSeeds', store='{{$SCORE_STORE:work_dirs/scores}}'),
            dict(type='LoadEvidence', store='{{$EVIDENCE_STORE:work_dirs/evidence}}'),
            dict(type='PackTagged'),
        ]
    )
)
