# CAM to a small Mask2Former on VOC, or a part of it, on a laptop's CPU; with
# --work-dir work_dirs/cam_lite0_voc_recipe it takes over what that recipe has done already:
# python tools/pipeline.py configs/cam/cam_lite0_mask2former_voc_recipe.py --set VOC_ROOT=...
_base_ = './cam_lite0_voc_recipe.py'

recipe = dict(
    predict_val=None,
    mask2former=dict(
        config='mask2former_lite0_cam_voc.py',
        action='train',
        inputs={
            'train_dataloader.dataset.store': 'masks3.masks',
            'model.backbone.init_cfg.checkpoint': 'segmentor.checkpoint',
        },
    ),
    mask2former_val=dict(
        config='mask2former_lite0_cam_voc.py',
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
    ),
)
report = dict(title='CAM to Mask2Former on VOC, on a laptop', predictions='mask2former_val.masks')
