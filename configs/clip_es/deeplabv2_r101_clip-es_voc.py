# Second stage. Nothing about it was released but that pixels labelled 255 are ignored: the common
# DeepLabV2 from ImageNet's weights.
_base_ = '../cam/deeplabv2_r101_cam_voc.py'

train_dataloader = dict(dataset=dict(store='work_dirs/clip-es_voc_recipe/labels/masks'))
