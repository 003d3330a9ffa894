# CAM to a small Mask2Former on VOC, or a part of it, on a laptop's CPU; with
# --work-dir work_dirs/cam_lite0_voc_recipe it takes over what that recipe has done already:
# python tools/pipeline.py configs/cam/cam_lite0_mask2former_voc_recipe.py --set VOC_ROOT=...
_base_ = './cam_lite0_voc_recipe.py'

_CONFIG = 'mask2former_lite0_cam_voc.py'
_names = [stage.name for stage in _base_.recipe]

recipe = [
    *_base_.recipe[: _names.index('segmentor')],
    dict(
        name='mask2former',
        config=_CONFIG,
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks2.masks',
            'model.backbone.init_cfg.checkpoint': 'first.checkpoint',
        },
    ),
    dict(
        name='mask2former_val',
        config=_CONFIG,
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
    ),
]
report = dict(
    title='CAM to Mask2Former on VOC, on a laptop',
    predictions='mask2former_val.masks',
)
