# ICAM's extended training on VOC 2012 (PMM's second stage), on the walked masks of
# icam_voc_recipe.py. GPUs:
# python tools/pipeline.py configs/icam/icam_extended_voc_recipe.py --set \
#     VOC_ROOT=data/VOCdevkit/VOC2012 WALKED_MASKS=work_dirs/icam_voc_recipe/walk_train/masks
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_SPLIT = 'test_dataloader.dataset.split'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    WALKED_MASKS='work_dirs/icam_voc_recipe/walk_train/masks',
)

recipe = [
    dict(name='round1', config='pspnet_r2n101-pus_icam_voc.py', action='train'),
    dict(
        name='scores1',
        config='pspnet_r2n101-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'round1.checkpoint'},
        cfg_options={_SPLIT: 'train_aug'},
    ),
    dict(
        name='cyclic',
        config='../refine/crf-segmentor.py',
        action='test',
        inputs={_SEEDS: 'scores1.scores'},
    ),
    dict(
        name='round2',
        config='pspnet_r2n101_icam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'cyclic.masks'},
    ),
    dict(
        name='scores2',
        config='pspnet_r2n101-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'round2.checkpoint'},
        cfg_options={_SPLIT: 'val'},
    ),
    dict(
        name='final_val',
        config='../refine/crf-segmentor.py',
        action='test',
        inputs={_SEEDS: 'scores2.scores'},
        cfg_options={_SPLIT: 'val'},
    ),
]
