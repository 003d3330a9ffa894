_base_ = '../cam/deeplabv2_r38_cam_voc.py'

# The same ImageNet weights as the classifier's.
model = dict(backbone=dict(init_cfg=dict(checkpoint='checkpoints/resnet_38d.params')))
train_dataloader = dict(dataset=dict(store='work_dirs/s2c_voc_recipe/masks/masks'))
