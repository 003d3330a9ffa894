# S2C's baseline: its classifier, data and optimiser with the classification loss alone.
_base_ = [
    '../_base_/models/cam_r38.py',
    '../_base_/datasets/voc.py',
    '../_base_/seeds.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
]
# S2C's release, whose classifier this is, stores seeds at full size.
test_cfg = dict(stride=1)
