_base_ = '../demo/deeplabv3plus_r18_cam_shapes.py'

train_dataloader = dict(dataset=dict(store='work_dirs/cti_shapes_recipe/masks/masks'))
