_base_ = '../cam/deeplabv3plus_r18_cam_msrc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/cti_msrc_recipe/masks/masks'))
