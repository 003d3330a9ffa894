# What surrounds the training of a segmentor: the validation photos are scored while it trains;
# testing writes its predictions of them and scores what the store then holds.
val_cfg = dict(type='ValLoop')
val_evaluator = dict(type='MaskMetric', prefix='seg')
test_cfg = dict(type='StoreTestLoop', kind='masks')
test_evaluator = dict(type='MaskMetric', prefix='seg')
# tools/test.py --tta, with the data set's tta_pipeline.
tta_model = dict(type='mmseg.SegTTAModel')
