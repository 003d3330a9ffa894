# ICAM on VOC, or a part of it, on a laptop's CPU; all else as with the plain CAM:
# python tools/pipeline.py configs/icam/icam_lite0_voc_recipe.py --set VOC_ROOT=...
_base_ = '../cam/cam_lite0_voc_recipe.py'

recipe = dict(
    cam=dict(config='icam_lite0_voc.py'),
    seeds=dict(config='icam_lite0_voc.py'),
    # Its probabilities have a scale of their own.
    refined=dict(config='../refine/par.py'),
    masks=dict(cfg_options={'model.refiner.background': 0.46}),
    # The best threshold of its seeds on training masks.
    refined2=dict(cfg_options={'model.refiner.refiners.1.background': 0.59}),
)
report = dict(title='ICAM on VOC, on a laptop')
