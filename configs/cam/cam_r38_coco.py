# The VOC settings on COCO 2014. Ours: nobody published this baseline.
_base_ = [
    '../_base_/models/cam_r38.py',
    '../_base_/datasets/coco.py',
    '../_base_/seeds.py',
    '../_base_/schedules/poly_sgd.py',
    '../_base_/default_runtime.py',
]

max_epochs = 10

model = dict(head=dict(num_classes=80))
param_scheduler = dict(end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
