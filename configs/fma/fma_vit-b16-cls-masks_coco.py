# The coarse seed. The release tries the powers 0.3, 0.4 and 0.5 and keeps the best by ground truth;
# this is the middle one. Environment: PROPOSAL_STORE.
_base_ = './fma_vit-b16-cls_coco.py'

model = dict(seeding=dict(type='SAMSeeding', power=0.4))
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
