# ICAM's extended training on VOC 2012 (PMM's second stage), on the walked masks of
# icam_voc_recipe.py. --set BACKBONE=r38 takes the ResNet-38d. GPUs:
# python tools/pipeline.py configs/icam/icam_extended_voc_recipe.py --set \
#     VOC_ROOT=data/VOCdevkit/VOC2012 WALKED_MASKS=work_dirs/icam_voc_recipe/walk_train/masks
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_SPLIT = 'test_dataloader.dataset.split'
_NETWORK = 'pspnet_{{$BACKBONE:r2n101}}'

data = 'voc'
variables = dict(
    BACKBONE='r2n101',
    VOC_ROOT='data/VOCdevkit/VOC2012',
    WALKED_MASKS='work_dirs/icam_voc_recipe/walk_train/masks',
    TEST_LIST='none',
)

recipe = [
    dict(name='round1', config=f'{_NETWORK}-pus_icam_voc.py', action='train'),
    dict(
        name='scores1',
        config=f'{_NETWORK}-scores_icam_voc.py',
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
        config=f'{_NETWORK}_icam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'cyclic.masks'},
    ),
    dict(
        name='scores2',
        config=f'{_NETWORK}-scores_icam_voc.py',
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

# Photos of VOC's test server, which have neither tags nor masks (docs/how_to/voc_test_server.md):
# --set TEST_LIST=test, or a file of ids below VOC_ROOT.
_TEST_LIST = '{{$TEST_LIST:none}}'
_TEST = {
    'test_dataloader.dataset.split': None,
    'test_dataloader.dataset.ann_file': _TEST_LIST,
    'test_dataloader.dataset.data_prefix.seg_map_path': '',
}
if _TEST_LIST != 'none':
    recipe += [
        dict(name='scores_test', like='scores2', cfg_options=_TEST),
        dict(
            name='final_test',
            like='final_val',
            inputs={_SEEDS: 'scores_test.scores'},
            cfg_options=_TEST,
        ),
    ]
