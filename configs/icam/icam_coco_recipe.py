# ICAM on COCO 2014, stage by stage as in the release: CAM network, AffinityNet, DeepLab-v1; each is
# scored on val and on train by mIoU and contour F. Masks and tags come from
# tools/dataset_converters/coco_to_masks.py --rule icam (see README.md). A GPU:
# python tools/pipeline.py configs/icam/icam_coco_recipe.py --set COCO_ROOT=data/coco
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_CRF = 'train_dataloader.dataset.pipeline.LoadCRFScores'
_DATA = 'test_dataloader.dataset'
_VAL = {
    f'{_DATA}.split': 'val',
    f'{_DATA}.tags.path': 'icam/labels_val2014.txt',
    f'{_DATA}.data_prefix.img_path': 'val2014',
    f'{_DATA}.data_prefix.seg_map_path': 'icam/masks_val2014',
}
_TRAIN = {
    f'{_DATA}.split': 'train',
    f'{_DATA}.tags.path': 'icam/labels_train2014.txt',
    f'{_DATA}.data_prefix.img_path': 'train2014',
    f'{_DATA}.data_prefix.seg_map_path': 'icam/masks_train2014',
}

data = 'coco_icam'
variables = dict(COCO_ROOT='data/coco')

recipe = dict(
    cam=dict(config='icam_r38_coco.py', action='train'),
    seeds_val=dict(
        config='icam_r38_coco.py',
        action='test',
        inputs={'load_from': 'cam.checkpoint'},
        cfg_options=_VAL,
    ),
    seeds_train=dict(
        config='icam_r38_coco.py', action='test', inputs={'load_from': 'cam.checkpoint'}
    ),
    crf_low=dict(
        config='crf_icam.py',
        action='test',
        inputs={_SEEDS: 'seeds_train.scores'},
        cfg_options={'model.refiner.alpha': 2},
    ),
    crf_high=dict(like='crf_low', cfg_options={'model.refiner.alpha': 4}),
    aff=dict(
        config='psa_r38_icam_coco.py',
        action='train',
        inputs={f'{_CRF}.low_alpha': 'crf_low.scores', f'{_CRF}.high_alpha': 'crf_high.scores'},
    ),
    walk_val=dict(
        config='psa_r38_icam_coco.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_val.scores'},
        cfg_options=_VAL,
    ),
    walk_train=dict(
        config='psa_r38_icam_coco.py',
        action='test',
        inputs={'load_from': 'aff.checkpoint', _SEEDS: 'seeds_train.scores'},
    ),
    final=dict(
        config='largefov_r38_icam_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'walk_train.masks'},
    ),
    scores_val=dict(
        config='largefov_r38-scores_icam_coco.py',
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
report = dict(
    title='ICAM on COCO 2014',
    scores='seeds_train.scores',
    masks='walk_train.masks',
)
