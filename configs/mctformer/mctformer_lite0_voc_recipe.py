# MCTformer-V2 on VOC, or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/mctformer/mctformer_lite0_voc_recipe.py --set VOC_ROOT=...
# What follows the seeds, and the variables: see the base.
_base_ = '../_base_/recipes/lite0_voc.py'

_STEM = 'model.backbone.stem.init_cfg.checkpoint'

recipe = dict(
    _delete_=True,
    cam=dict(config='../cam/cam_lite0_voc.py', action='train'),
    mctformer=dict(
        config='mctformer_deit-tiny-lite0_voc.py', action='train', inputs={_STEM: 'cam.checkpoint'}
    ),
    seeds=dict(
        config='mctformer_deit-tiny-lite0_voc.py',
        action='test',
        inputs={'load_from': 'mctformer.checkpoint', _STEM: 'cam.checkpoint'},
    ),
    **_base_.recipe,
)
report = dict(title='MCTformer-V2 on VOC, on a laptop')
