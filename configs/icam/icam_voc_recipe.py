# ICAM on VOC 2012, stage by stage as in the release: CAM network, AffinityNet, DeepLab-v1; each is
# scored on val and on train by mIoU and contour F. A GPU:
# python tools/pipeline.py configs/icam/icam_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_VAL = {'test_dataloader.dataset.split': 'val'}
_TRAIN = {'test_dataloader.dataset.split': 'train'}

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012', TEST_LIST='none')

recipe = [
    dict(name='cam', config='icam_r38_voc.py', action='train'),
    dict(
        name='seeds_val',
        config='icam_r38_voc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options=_VAL,
    ),
    # Made of train_aug, scored on train.
    dict(
        name='seeds_train',
        config='icam_r38_voc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
    ),
    dict(
        name='crf_low',
        config='../refine/crf.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
        cfg_options={'model.refiner.alpha': 2},
    ),
    dict(name='crf_high', like='crf_low', cfg_options={'model.refiner.alpha': 4}),
    dict(
        name='aff',
        config='psa_r38_icam_voc.py',
        action='train',
        inputs={f'{_CRF}.low_alpha': 'crf_low.scores', f'{_CRF}.high_alpha': 'crf_high.scores'},
    ),
    dict(
        name='walk_val',
        config='psa_r38_icam_voc.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_val.scores'},
        cfg_options=_VAL,
    ),
    dict(
        name='walk_train',
        config='psa_r38_icam_voc.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_train.scores'},
    ),
    dict(
        name='final',
        config='largefov_r38_icam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk_train.masks'},
    ),
    dict(
        name='scores_val',
        config='largefov_r38-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'final.checkpoint'},
        cfg_options=_VAL,
    ),
    dict(
        name='final_val',
        config='crf-segmentor_icam.py',
        action='test',
        inputs={_SEEDS: 'scores_val.scores'},
        cfg_options=_VAL,
    ),
    dict(name='scores_train', like='scores_val', cfg_options=_TRAIN),
    dict(
        name='final_train',
        like='final_val',
        inputs={_SEEDS: 'scores_train.scores'},
        cfg_options=_TRAIN,
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
        dict(name='scores_test', like='scores_val', cfg_options=_TEST),
        dict(
            name='final_test',
            like='final_val',
            inputs={_SEEDS: 'scores_test.scores'},
            cfg_options=_TEST,
        ),
    ]
report = dict(
    title='ICAM on VOC 2012',
    scores='seeds_train.scores',
    masks='walk_train.masks',
)
