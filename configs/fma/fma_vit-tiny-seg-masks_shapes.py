# The fine seed. Environment: PROPOSAL_STORE.
_base_ = './fma_vit-tiny-seg_shapes.py'

# The power was chosen for plain CAMs, on the masks of these photos.
model = dict(seeding=dict(type='SAMSeeding', power=2.0, on_top='parts', tuned_on_masks=True))
_store = '{{$PROPOSAL_STORE:work_dirs/regions_shapes/proposals}}'
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='LoadProposals', store=_store),
            dict(type='ResizeToMultiple', divisor=16, factor=1.5),
            dict(type='PackTagged'),
        ]
    )
)
test_cfg = dict(_delete_=True, type='StoreTestLoop', kind='masks')
test_evaluator = dict(_delete_=True, type='MaskMetric')
