# ToCo on VOC, or a part of it, on a laptop's CPU:
# python tools/pipeline.py configs/toco/toco_lite0_voc_recipe.py --set VOC_ROOT=...
# With --work-dir work_dirs/cam_lite0_voc_recipe it takes over the CAM network of that recipe. `val`
# is the segmentation, for which no image-level labels are needed; `toco_seeds` are the class
# activation maps of the training photos, whose labels are known.
_STEM = 'model.network.backbone.stem.init_cfg.checkpoint'

variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    TRAIN_LIST='ImageSets/Segmentation/train.txt',
    VAL_LIST='ImageSets/Segmentation/val.txt',
)

recipe = dict(
    cam=dict(config='../cam/cam_lite0_voc.py', action='train'),
    toco=dict(
        config='toco_vit-tiny-lite0_voc.py', action='train', inputs={_STEM: 'cam.checkpoint'}
    ),
    val=dict(
        config='toco_vit-tiny-lite0_voc.py',
        action='test',
        inputs={'load_from': 'toco.checkpoint', _STEM: 'cam.checkpoint'},
    ),
    toco_seeds=dict(
        like='val',
        cfg_options={
            'model.test_cfg.seeds': True,
            'test_dataloader.dataset.ann_file': (
                '{{$TRAIN_LIST:ImageSets/Segmentation/train.txt}}'
            ),
            'test_cfg.kind': 'scores',
            'test_evaluator.type': 'SeedMetric',
            'test_evaluator.prefix': 'seeds',
        },
    ),
)
report = dict(title='ToCo on VOC, on a laptop', scores='toco_seeds.scores', predictions='val.masks')
