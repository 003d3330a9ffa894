# The second stage that is quick to train; it starts from the plain CAM's network.
_base_ = '../demo/deeplabv3plus_r18_cam_shapes.py'

train_dataloader = dict(dataset=dict(store='work_dirs/clip-es_shapes_recipe/labels/masks'))
