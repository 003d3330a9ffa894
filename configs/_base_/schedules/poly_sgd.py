# The PSA family's SGD. Its momentum is 5e-4, not 0.9: the published optimiser hands the weight
# decay to SGD's third position, which is the momentum; its 0.9 is the exponent of the schedule.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=5e-4, weight_decay=5e-4),
)
# By iteration, over floor(images / batch) * epochs of them (the loaders drop the last batch).
param_scheduler = dict(
    type='PSAPolyLR', power=0.9, begin=0, end=40, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_interval=5)
