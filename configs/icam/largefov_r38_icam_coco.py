# ICAM's final stage on COCO 2014: 200k iterations, see largefov_r38_icam_voc.py.
_base_ = ['./largefov_r38_icam_voc.py', '../_base_/datasets/coco_icam_photos.py']

_max_iters = 200000

model = dict(decode_head=dict(num_classes=81))
train_dataloader = dict(
    dataset=dict(store='work_dirs/icam_coco_recipe/walk_train/masks', images=_base_.coco_train)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.test_pipeline))
param_scheduler = dict(end=_max_iters + 1)
train_cfg = dict(max_iters=_max_iters, val_interval=_max_iters)
