# SAM-based seeding (FMA-WSSS): each proposal (SAM's, or a colour region) goes to one class. The
# proposal store is `test_dataloader.dataset.pipeline.LoadProposals.store`, or environment
# PROPOSAL_STORE.
_base_ = './sam-vote_msrc.py'

model = dict(refiner=dict(_delete_=True, type='SAMSeeding', power=2.0, on_top='parts'))
