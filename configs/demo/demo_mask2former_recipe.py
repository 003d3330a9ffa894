# The demo with a small Mask2Former as its segmentor; with --work-dir work_dirs/demo_recipe it
# takes over what the demo has done already:
# python tools/pipeline.py configs/demo/demo_mask2former_recipe.py
_base_ = './demo_recipe.py'

recipe = dict(
    segmentor=None,
    predict_train=None,
    predict_val=None,
    mask2former=dict(
        config='mask2former_swin-tiny-small_cam_shapes.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks_train.masks'},
    ),
    mask2former_train=dict(
        config='mask2former_swin-tiny-small_cam_shapes.py',
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    mask2former_val=dict(
        like='mask2former_train', cfg_options={'test_dataloader.dataset.split': 'val'}
    ),
)
report = dict(title='Demo: from tags to a Mask2Former', predictions='mask2former_train.masks')
