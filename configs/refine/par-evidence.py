# A segmentor's probabilities of the tagged classes, smoothed along the colours of the photo, then
# weighted with the maps of a CAM network. The maps' store is
# `test_dataloader.dataset.pipeline.LoadEvidence.store`, or environment EVIDENCE_STORE.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './par.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='PAR'), dict(type='AddEvidence', weight=2.0, background=0.3)],
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
