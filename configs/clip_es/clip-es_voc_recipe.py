# CLIP-ES on VOC 2012, from photos and tags to DeepLabV2; before that nothing is trained. Extra
# [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_voc_recipe.py --set VOC_ROOT=...
_base_ = '../_base_/recipes/voc_test.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt')

recipe = dict(
    seeds=dict(config='clip-es_vit-b16_{data}.py', action='test'),
    # Scores of the seeds at both published powers of the background (the release prints the better
    # one), and of the CRF's masks.
    alpha=dict(config='alpha.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    alpha2=dict(like='alpha', cfg_options={'model.refiner.alpha': 2}),
    full=dict(config='crf-full.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    labels=dict(config='crf.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    segmentor=dict(
        config='deeplabv2_r101_clip-es_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'labels.masks'},
    ),
    predict=dict(
        config='deeplabv2_r101_clip-es_{data}.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(predict_test=dict(like='predict', cfg_options=_base_._TEST))
report = dict(
    title='CLIP-ES on VOC 2012',
    scores='seeds.scores',
    masks='labels.masks',
    predictions='predict.masks',
)
