# SAM-based seeding (FMA-WSSS): each proposal (SAM's, or a colour region) goes to one class. The
# proposal store is `test_dataloader.dataset.pipeline.LoadProposals.store`, or environment
# PROPOSAL_STORE.
# DATA: voc, coco, msrc, shapes.
_base_ = './sam-vote.py'

model = dict(refiner=dict(_delete_=True, type='SAMSeeding', power=0.7))
