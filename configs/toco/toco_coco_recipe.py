# ToCo without the quirks of the release: one training, then the segmentation of the validation
# photos with and without CRF, and seeds of the training photos:
# python tools/pipeline.py configs/toco/toco_coco_recipe.py --set COCO_ROOT=DIR
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'coco'
variables = dict(COCO_ROOT='data/coco', VIT_CHECKPOINT='checkpoints/vit_base.pth')

recipe = [
    dict(name='toco', config='toco_vit-b_fixed_coco.py', action='train'),
    dict(
        name='val',
        config='toco_vit-b_fixed_coco.py',
        action='test',
        inputs={'load_from': 'toco.checkpoint'},
    ),
    dict(
        name='scores_val',
        config='toco_vit-b-scores_coco.py',
        action='test',
        inputs={'load_from': 'toco.checkpoint'},
    ),
    dict(
        name='crf_val',
        config='crf-segmentor_toco.py',
        action='test',
        inputs={_SEEDS: 'scores_val.scores'},
        cfg_options={
            'test_dataloader.dataset.split': 'val',
            'test_dataloader.dataset.data_prefix.img_path': 'val2014',
            'test_dataloader.dataset.data_prefix.seg_map_path': 'masks/val2014',
        },
    ),
    dict(
        name='seeds_train',
        like='val',
        cfg_options={
            'model.test_cfg.seeds': True,
            'test_dataloader.dataset.split': 'train',
            'test_dataloader.dataset.data_prefix.img_path': 'train2014',
            'test_dataloader.dataset.data_prefix.seg_map_path': 'masks/train2014',
            'test_cfg.kind': 'scores',
            'test_evaluator.type': 'SeedMetric',
            'test_evaluator.prefix': 'seeds',
        },
    ),
]
