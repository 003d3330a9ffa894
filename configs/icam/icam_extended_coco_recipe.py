# ICAM's extended training on COCO 2014 (PMM's second stage): its first round alone, as published,
# on the walked masks of icam_coco_recipe.py. GPUs:
# python tools/pipeline.py configs/icam/icam_extended_coco_recipe.py --set \
#     COCO_ROOT=data/coco WALKED_MASKS=work_dirs/icam_coco_recipe/walk_train/masks
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_VAL = {
    'test_dataloader.dataset.split': 'val',
    'test_dataloader.dataset.tags.path': 'icam/labels_val2014.txt',
    'test_dataloader.dataset.data_prefix.img_path': 'val2014',
    'test_dataloader.dataset.data_prefix.seg_map_path': 'icam/masks_val2014',
}

data = 'coco_icam'
variables = dict(COCO_ROOT='data/coco', WALKED_MASKS='work_dirs/icam_coco_recipe/walk_train/masks')

recipe = dict(
    round1=dict(config='pspnet_r2n101-pus_icam_coco.py', action='train'),
    scores=dict(
        config='pspnet_r2n101-scores_icam_coco.py',
        action='test',
        inputs={'load_from': 'round1.checkpoint'},
    ),
    final_val=dict(
        config='crf-segmentor_icam.py',
        action='test',
        inputs={_SEEDS: 'scores.scores'},
        cfg_options={**_VAL, 'model.refiner.refiners.0.protocol': 'deeplab'},
    ),
)
