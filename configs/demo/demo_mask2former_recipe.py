# The demo with a small Mask2Former as its segmentor; with --work-dir work_dirs/demo_recipe it
# takes over what the demo has done already:
# python tools/pipeline.py configs/demo/demo_mask2former_recipe.py
_base_ = './demo_recipe.py'

_CONFIG = 'mask2former_swin-tiny-small_cam_shapes.py'
_names = [stage.name for stage in _base_.recipe]

recipe = [
    *_base_.recipe[: _names.index('segmentor')],
    dict(
        name='mask2former',
        config=_CONFIG,
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks_train.masks'},
    ),
    dict(
        name='mask2former_train',
        config=_CONFIG,
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    dict(
        name='mask2former_val',
        like='mask2former_train',
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
]
report = dict(
    title='Demo: from tags to a Mask2Former',
    predictions='mask2former_train.masks',
)
