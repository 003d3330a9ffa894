# Its labels of the training photos as a store of scores, from which any second stage can follow.
_base_ = './weclip_vit-tiny-lite0_voc.py'

model = dict(test_cfg=dict(output='seeds'))
test_dataloader = dict(
    dataset=dict(
        _base_.train_dataloader.dataset,
        _delete_=True,
        data_prefix=_base_.eval_prefix,
        pipeline=_base_.test_pipeline,
        test_mode=True,
    )
)
test_cfg = dict(kind='scores')
test_evaluator = dict(_delete_=True, type='SeedMetric')
