# ICAM on VOC, or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/icam/icam_lite0_voc_recipe.py --set VOC_ROOT=...
# What follows the masks, and the variables: see the base.
_base_ = '../_base_/recipes/lite0_voc.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_names = [stage.name for stage in _base_.recipe]

recipe = [
    dict(name='cam', config='icam_lite0_voc.py', action='train'),
    dict(
        name='seeds',
        config='icam_lite0_voc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    # Its probabilities have a scale of their own.
    dict(
        name='refined',
        config='../refine/par.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
    ),
    dict(
        name='masks',
        config='../refine/threshold.py',
        action='test',
        inputs={_SEEDS: 'refined.scores'},
        cfg_options={'model.refiner.background': 0.35, 'model.refiner.tuned_on_masks': True},
    ),
    *_base_.recipe[_names.index('first') :],
]
report = dict(title='ICAM on VOC, on a laptop')
