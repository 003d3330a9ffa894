_base_ = '../demo/mask2former_swin-tiny-small_cam_shapes.py'

train_dataloader = dict(dataset=dict(store='work_dirs/fma_shapes_recipe/fine/masks'))
