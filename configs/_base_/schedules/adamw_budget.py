# Fine-tuning of a pretrained backbone on photos of any number: AdamW, a short warm-up, cosine to
# zero, a tenth of the rate for what is pretrained. A few photos are seen until the iterations are
# done, many `min_epochs` times; what says 'auto' follows.
budget = dict(iterations=60, min_epochs=8)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=20, by_epoch=False),
    dict(type='CosineAnnealingLR', begin=0, end='auto', by_epoch=True, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs='auto', val_interval='auto')
