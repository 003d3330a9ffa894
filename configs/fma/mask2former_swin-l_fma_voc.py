# Second stage, reconstructed: published are segmentor, backbone, total batch 4, 80k iterations,
# crops of 512 and the test at one scale of the best checkpoint; the rest is mmseg's own config.
_base_ = '../cam/mask2former_swin-l_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/fma_voc_recipe/fine/masks'))
default_hooks = dict(checkpoint=dict(interval=5000, save_best='seg/mIoU', rule='greater'))
