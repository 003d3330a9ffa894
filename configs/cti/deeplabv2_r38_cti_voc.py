# Stage II was never released; a ResNet-38d DeepLab is what secondary tables name.
_base_ = '../cam/deeplabv2_r38_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/cti_rib_voc_recipe/masks/masks'))
