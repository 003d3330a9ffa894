# What surrounds the training of a one-stage segmentor: tags, seeds (with the photos' image-level
# labels) and the segmentation (without) are scored while it trains; testing writes the segmentation
# of the validation photos and scores what the store then holds.
val_cfg = dict(type='ValLoop')
val_evaluator = [
    dict(type='TagMetric'),
    dict(type='SeedMetric', background=0.5, absent='present'),
    dict(type='MaskMetric', prefix='seg', absent='present'),
]
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric', prefix='seg', absent='present')
