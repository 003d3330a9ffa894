# Colour regions of every photo that a recipe may ask for; no weights, no GPU.
# DATA: voc, msrc.
_base_ = ['../_base_/datasets/{{$DATA:voc}}.py', '../_base_/default_runtime.py']

model = dict(type='ProposeModel', proposer=dict(type='RegionProposer'))
test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='PackTagged')]))
test_cfg = dict(type='StoreTestLoop', kind='proposals')
test_evaluator = []
