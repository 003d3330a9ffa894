_base_ = [
    '../_base_/models/deeplabv3plus_r101.py',
    '../_base_/datasets/voc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/segmentor_20k.py',
    '../_base_/iter_runtime.py',
]

# mmseg's settings for VOC: four GPUs with four photos each, one learning rate for all layers.
batch = dict(published=16, at_once=4)
optim_wrapper = dict(
    optimizer=dict(lr=1e-2), paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=1.0)))
)
param_scheduler = dict(eta_min=1e-4)
