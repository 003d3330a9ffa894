# The fine seed. Environment: PROPOSAL_STORE.
_base_ = './fma_vit-b16-seg_coco.py'

model = dict(seeding=dict(type='SAMSeeding', power=1.0))
_store = '{{$PROPOSAL_STORE:work_dirs/fma-sam_vit-h_coco/proposals}}'
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
