# Second stage as on VOC, 100k iterations.
_base_ = ['./deeplabv2_r101_clip-es_voc.py', '../_base_/datasets/coco_photos.py']

max_iters = 100000

model = dict(decode_head=dict(num_classes=81))
train_dataloader = dict(
    dataset=dict(store='work_dirs/clip-es_coco_recipe/labels/masks', images=_base_.coco_train)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.test_pipeline))
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=20000)
