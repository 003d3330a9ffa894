# What surrounds the training of a CAM generator: its tags and seeds of the validation photos are
# scored while it trains (one scale); testing writes the seeds of the training photos and scores
# what the store then holds.
val_cfg = dict(type='ValLoop')
val_evaluator = [dict(type='TagMetric'), dict(type='SeedMetric')]
test_cfg = dict(type='StoreTestLoop', kind='scores')
test_evaluator = dict(type='SeedMetric')
