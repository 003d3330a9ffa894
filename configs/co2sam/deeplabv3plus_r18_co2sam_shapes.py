# A second stage on the masks that Co2SAM makes of the training photos, from scratch.
_base_ = '../demo/deeplabv3plus_r18_cam_shapes.py'

model = dict(backbone=dict(init_cfg=None))
train_dataloader = dict(dataset=dict(store='work_dirs/co2sam_shapes_recipe/masks_train/masks'))
