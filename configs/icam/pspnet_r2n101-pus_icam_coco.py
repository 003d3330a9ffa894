# ICAM's extended training on COCO 2014: the first round alone, as in PMM, total batch 32 (16 GPUs
# with two photos each). PMM has 91 classes, COCO's own numbers; here are 80 and the background.
_base_ = ['./pspnet_r2n101-pus_icam_voc.py', '../_base_/datasets/coco_icam_photos.py']

_max_iters = 40000

model = dict(
    decode_head=dict(num_classes=81, loss_decode=dict(beta=0.8, k=0.8)),
    auxiliary_head=dict(num_classes=81, loss_decode=dict(beta=0.8, k=0.8)),
)
batch = dict(published=32)
train_dataloader = dict(
    dataset=dict(store='work_dirs/icam_coco_recipe/walk_train/masks', images=_base_.coco_train)
)
val_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(_base_.coco_val, pipeline=_base_.test_pipeline))
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = dict(eta_min=5e-5, end=_max_iters)
train_cfg = dict(max_iters=_max_iters)
