# ICAM's extended training on VOC 2012 (PMM's second stage), on the walked masks of
# icam_voc_recipe.py. --set BACKBONE=r38 takes the ResNet-38d. GPUs:
# python tools/pipeline.py configs/icam/icam_extended_voc_recipe.py --set \
#     VOC_ROOT=data/VOCdevkit/VOC2012 WALKED_MASKS=work_dirs/icam_voc_recipe/walk_train/masks
_base_ = '../_base_/recipes/voc_test.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_SPLIT = 'test_dataloader.dataset.split'
_NETWORK = 'pspnet_{{$BACKBONE:r2n101}}'

data = 'voc'
variables = dict(
    BACKBONE='r2n101',
    VOC_ROOT='data/VOCdevkit/VOC2012',
    WALKED_MASKS='work_dirs/icam_voc_recipe/walk_train/masks',
)

recipe = dict(
    round1=dict(config=f'{_NETWORK}-pus_icam_voc.py', action='train'),
    scores1=dict(
        config=f'{_NETWORK}-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'round1.checkpoint'},
        cfg_options={_SPLIT: 'train_aug'},
    ),
    cyclic=dict(
        config='../refine/crf-segmentor.py', action='test', inputs={_SEEDS: 'scores1.scores'}
    ),
    round2=dict(
        config=f'{_NETWORK}_icam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'cyclic.masks'},
    ),
    scores2=dict(
        config=f'{_NETWORK}-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'round2.checkpoint'},
        cfg_options={_SPLIT: 'val'},
    ),
    final_val=dict(
        config='../refine/crf-segmentor.py',
        action='test',
        inputs={_SEEDS: 'scores2.scores'},
        cfg_options={_SPLIT: 'val'},
    ),
)

if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        scores_test=dict(like='scores2', cfg_options=_base_._TEST),
        final_test=dict(
            like='final_val', inputs={_SEEDS: 'scores_test.scores'}, cfg_options=_base_._TEST
        ),
    )
