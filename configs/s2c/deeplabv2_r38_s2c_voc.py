_base_ = '../cam/deeplabv2_r38_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/s2c_voc_recipe/masks/masks'))
