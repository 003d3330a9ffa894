# CAM to a segmentor on VOC, or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/cam/cam_lite0_voc_recipe.py --set VOC_ROOT=...
# What follows the seeds, and the variables: see the base.
_base_ = '../_base_/recipes/lite0_voc.py'

recipe = dict(
    _delete_=True,
    cam=dict(config='cam_lite0_voc.py', action='train'),
    seeds=dict(config='cam_lite0_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    **_base_.recipe,
)
report = dict(title='CAM on VOC, on a laptop')
