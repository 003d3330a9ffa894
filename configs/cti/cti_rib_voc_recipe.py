# CTI on VOC 2012 down to a segmentor, with RIB's values for IRN (the release names RIB and ships
# nothing of it). Sure labels against .50 and .30 are ours: CTI's maps are best at about .45, RIB's
# .35 and .17 are for other maps.
# --set TUNED=yes makes the seeds by RIB itself (cti-rib_deit-s_voc.py, our reading of it).
# python tools/pipeline.py configs/cti/cti_rib_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_base_ = './cti_irn_voc_recipe.py'

_RIB = '{{$TUNED:no}}' == 'yes'

variables = dict(TUNED='no')
recipe = dict(
    seeds=dict(config='cti-rib_deit-s_voc.py' if _RIB else 'cti_deit-s_voc.py'),
    ir_labels=dict(cfg_options={'model.refiner.high': 0.5, 'model.refiner.low': 0.3}),
    masks=dict(cfg_options={'model.test_cfg.background': 0.27, 'model.test_cfg.power': 1.3}),
)
report = dict(title="CTI and RIB's IRN on VOC 2012")
