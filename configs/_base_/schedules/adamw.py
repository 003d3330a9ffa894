# For small networks that learn from scratch: AdamW, cosine to zero.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05))
param_scheduler = dict(
    type='CosineAnnealingLR', begin=0, end=20, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=5)
