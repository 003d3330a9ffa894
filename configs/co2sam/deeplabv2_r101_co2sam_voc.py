# A second stage on the masks that Co2SAM makes of the training photos; ours.
_base_ = '../cam/deeplabv2_r101_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/co2sam_voc_recipe/masks_train/masks'))
