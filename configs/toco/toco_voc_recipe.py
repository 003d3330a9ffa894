# ToCo without the quirks of the release: one training, then the segmentation of the validation
# photos with and without CRF, and seeds of the training photos:
# python tools/pipeline.py configs/toco/toco_voc_recipe.py --set VOC_ROOT=DIR
_base_ = '../_base_/recipes/voc_test.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012', VIT_CHECKPOINT='checkpoints/vit_base.pth')

recipe = dict(
    toco=dict(config='toco_vit-b_fixed_{data}.py', action='train'),
    val=dict(
        config='toco_vit-b_fixed_{data}.py', action='test', inputs={'load_from': 'toco.checkpoint'}
    ),
    scores_val=dict(like='val', config='toco_vit-b-scores_{data}.py'),
    crf_val=dict(
        config='crf-segmentor_toco.py',
        action='test',
        inputs={_SEEDS: 'scores_val.scores'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
    seeds_train=dict(
        like='val',
        cfg_options={
            'model.test_cfg.seeds': True,
            'test_dataloader.dataset.split': 'train_aug',
            'test_cfg.kind': 'scores',
            'test_evaluator.type': 'SeedMetric',
            'test_evaluator.prefix': 'seeds',
        },
    ),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        predict_test=dict(like='val', cfg_options=_base_._TEST),
        scores_test=dict(like='scores_val', cfg_options=_base_._TEST),
        crf_test=dict(
            like='crf_val', inputs={_SEEDS: 'scores_test.scores'}, cfg_options=_base_._TEST
        ),
    )
