# What surrounds an affinity network: nothing is scored while it trains; testing lets seeds walk,
# writes masks (kind='scores' keeps the walked scores, for a CRF) and scores what the store holds.
val_cfg = val_evaluator = None
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric')
# Photos and the seeds to walk. Environment: SCORE_STORE, a score store.
walk_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadSeeds', store='{{$SCORE_STORE:work_dirs/scores}}'),
    dict(type='PackTagged'),
]
