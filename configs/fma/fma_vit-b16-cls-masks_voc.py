# The coarse seed: maps, CAA and SAM-based seeding of a photo in one go. Environment:
# PROPOSAL_STORE.
_base_ = './fma_vit-b16-cls_voc.py'

model = dict(seeding=dict(type='SAMSeeding', power=0.6))
_store = '{{$PROPOSAL_STORE:work_dirs/fma-sam_vit-h_voc/proposals}}'
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadProposals', store=_store),
            dict(type='ResizeToMultiple', divisor=16),
            dict(type='PackTagged'),
        ]
    )
)
test_cfg = dict(_delete_=True, type='StoreTestLoop', kind='masks')
test_evaluator = dict(_delete_=True, type='MaskMetric')
