_base_ = '../cam/mask2former_swin-l_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/s2c_mask2former_voc_recipe/masks/masks'))
