# WeCLIP on VOC, or a part of it, on a laptop, with a small CLIP that has learned from the tags.
# Extra [clip]:
# python tools/pipeline.py configs/weclip/weclip_lite0_voc_recipe.py --set VOC_ROOT=...
# With --work-dir work_dirs/cam_lite0_voc_recipe it takes over the CAM network of that recipe.
# `weclip_val` is the segmentation, for which no tags are needed.
_CLIP = 'model.clip.checkpoint'
_TRAINED = {_CLIP: 'clip.checkpoint', 'load_from': 'weclip.checkpoint'}

variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = dict(
    cam=dict(config='../cam/cam_lite0_voc.py', action='train'),
    clip=dict(
        config='clip_vit-tiny-lite0_voc.py',
        action='train',
        inputs={'model.stem_init.checkpoint': 'cam.checkpoint'},
    ),
    # What CLIP alone says, before anything is learned from it.
    clip_es=dict(
        config='../clip_es/clip-es_vit-tiny-lite0_voc.py',
        action='test',
        inputs={_CLIP: 'clip.checkpoint'},
    ),
    weclip=dict(
        config='weclip_vit-tiny-lite0_voc.py', action='train', inputs={_CLIP: 'clip.checkpoint'}
    ),
    weclip_seeds=dict(config='weclip_vit-tiny-lite0-seeds_voc.py', action='test', inputs=_TRAINED),
    weclip_val=dict(config='weclip_vit-tiny-lite0_voc.py', action='test', inputs=_TRAINED),
)
report = dict(
    title='WeCLIP on VOC, on a laptop', scores='weclip_seeds.scores', predictions='weclip_val.masks'
)
