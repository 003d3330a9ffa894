# Second stage, reconstructed as on VOC, 100k iterations.
_base_ = ['./mask2former_swin-l_fma_voc.py', '../_base_/datasets/coco_photos.py']

max_iters = 100000

model = dict(
    decode_head=dict(num_classes=81, loss_cls=dict(class_weight=[1.0] * 81 + [0.1])),
)
train_dataloader = dict(
    dataset=dict(store='work_dirs/fma_coco_recipe/fine/masks', images=_base_.coco_train)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.test_pipeline))
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters)
