# ICAM on VOC 2012, stage by stage as in the release: CAM network, AffinityNet, DeepLab-v1; each is
# scored on val and on train by mIoU and contour F. A GPU:
# python tools/pipeline.py configs/icam/icam_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_base_ = '../_base_/recipes/voc_test.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_VAL = {'test_dataloader.dataset.split': 'val'}
_TRAIN = {'test_dataloader.dataset.split': 'train'}

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012')

recipe = dict(
    cam=dict(config='icam_r38_voc.py', action='train'),
    seeds_val=dict(
        config='icam_r38_voc.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options=_VAL,
    ),
    # Made of train_aug, scored on train.
    seeds_train=dict(
        config='icam_r38_voc.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    crf_low=dict(
        config='../refine/crf.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
        cfg_options={'model.refiner.alpha': 2},
    ),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.alpha': 4}),
    aff=dict(
        config='psa_r38_icam_voc.py',
        action='train',
        inputs={f'{_CRF}.low_alpha': 'crf_low.scores', f'{_CRF}.high_alpha': 'crf_high.scores'},
    ),
    walk_val=dict(
        config='psa_r38_icam_voc.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_val.scores'},
        cfg_options=_VAL,
    ),
    walk_train=dict(
        config='psa_r38_icam_voc.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_train.scores'},
    ),
    final=dict(
        config='largefov_r38_icam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk_train.masks'},
    ),
    scores_val=dict(
        config='largefov_r38-scores_icam_voc.py',
        action='test',
        inputs={'load_from': 'final.checkpoint'},
        cfg_options=_VAL,
    ),
    final_val=dict(
        config='crf-segmentor_icam.py',
        action='test',
        inputs={_SEEDS: 'scores_val.scores'},
        cfg_options=_VAL,
    ),
    scores_train=dict(like='scores_val', cfg_options=_TRAIN),
    final_train=dict(like='final_val', inputs={_SEEDS: 'scores_train.scores'}, cfg_options=_TRAIN),
)

if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        scores_test=dict(like='scores_val', cfg_options=_base_._TEST),
        final_test=dict(
            like='final_val', inputs={_SEEDS: 'scores_test.scores'}, cfg_options=_base_._TEST
        ),
    )
report = dict(
    title='ICAM on VOC 2012',
    scores='seeds_train.scores',
    masks='walk_train.masks',
)
