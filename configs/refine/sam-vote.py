# Masks of seeds merged with proposals (SAM's, or colour regions). The proposal store is
# `test_dataloader.dataset.pipeline.LoadProposals.store`, or environment PROPOSAL_STORE.
# DATA: voc, coco, msrc, shapes.
_base_ = './threshold.py'

model = dict(refiner=dict(_delete_=True, type='SAMVote', background=0.3, rule='max_iou_imp2'))
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadSeeds', store='{{$SCORE_STORE:work_dirs/scores}}'),
            dict(type='LoadProposals', store='{{$PROPOSAL_STORE:work_dirs/proposals}}'),
            dict(type='PackTagged'),
        ]
    )
)
