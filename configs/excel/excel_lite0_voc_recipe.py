# ExCEL on VOC, or a part of it, on a laptop, with a small CLIP that has learned from the tags.
# Extra [clip]:
# python tools/pipeline.py configs/excel/excel_lite0_voc_recipe.py --set VOC_ROOT=...
# With --work-dir work_dirs/cam_lite0_voc_recipe it takes over the CAM network of that recipe, and
# the CLIP of WeCLIP's in the same folder. `excel_val` is the segmentation, for which no tags are
# needed.
_CLIP = 'model.clip.checkpoint'
_TRAINED = {_CLIP: 'clip.checkpoint', 'load_from': 'excel.checkpoint'}

variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = dict(
    cam=dict(config='../cam/cam_lite0_voc.py', action='train'),
    clip=dict(
        config='../weclip/clip_vit-tiny-lite0_voc.py',
        action='train',
        inputs={'model.stem_init.checkpoint': 'cam.checkpoint'},
    ),
    # What CLIP's similarities say, before anything is learned from them.
    excel_no_training=dict(
        config='excel_vit-tiny-lite0-seeds_voc.py',
        action='test',
        inputs={_CLIP: 'clip.checkpoint'},
        cfg_options={'model.test_cfg.learnt': False},
    ),
    excel=dict(
        config='excel_vit-tiny-lite0_voc.py', action='train', inputs={_CLIP: 'clip.checkpoint'}
    ),
    excel_seeds=dict(config='excel_vit-tiny-lite0-seeds_voc.py', action='test', inputs=_TRAINED),
    excel_val=dict(config='excel_vit-tiny-lite0_voc.py', action='test', inputs=_TRAINED),
)
report = dict(
    title='ExCEL on VOC, on a laptop', scores='excel_seeds.scores', predictions='excel_val.masks'
)
