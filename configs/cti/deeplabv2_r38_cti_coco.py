# Stage II was never released: VOC's segmentor on COCO 2014, for 100k iterations.
_base_ = ['../cam/deeplabv2_r38_cam_voc.py', '../_base_/datasets/coco_photos.py']

max_iters = 100000

model = dict(decode_head=dict(num_classes=81))
train_dataloader = dict(
    dataset=dict(store='work_dirs/cti_rib_coco_recipe/masks/masks', images=_base_.coco_train)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.test_pipeline))
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=20000)
