# Colour regions of every photo that a recipe may ask for; no weights, no GPU.
_base_ = ['../_base_/datasets/shapes.py', '../_base_/default_runtime.py']

model = dict(type='ProposeModel', proposer=dict(type='RegionProposer', scales=(900, 3000, 9000)))
test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='PackTagged')]))
test_cfg = dict(type='StoreTestLoop', kind='proposals')
test_evaluator = []
