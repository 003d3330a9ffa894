# S2C with colour regions in SAM's place, on VOC or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/s2c/s2c_lite0_voc_recipe.py --set VOC_ROOT=...
# What follows the seeds, and the variables: see the base.
_base_ = '../_base_/recipes/lite0_voc.py'

recipe = dict(
    _delete_=True,
    regions=dict(config='../proposals/regions.py', action='test'),
    cam=dict(
        config='s2c_lite0_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadProposals.store': 'regions.proposals'},
    ),
    seeds=dict(config='s2c_lite0_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
    **_base_.recipe,
)
report = dict(title='S2C on VOC, on a laptop')
