# CLIP-ES on VOC 2012, from photos and tags to DeepLabV2; before that nothing is trained. Extra
# [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_voc_recipe.py --set VOC_ROOT=...
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt', TEST_LIST='none'
)

recipe = [
    dict(name='seeds', config='clip-es_vit-b16_voc.py', action='test'),
    # Scores of the seeds at both published powers of the background (the release prints the better
    # one), and of the CRF's masks.
    dict(name='alpha', config='alpha.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='alpha2', like='alpha', cfg_options={'model.refiner.alpha': 2}),
    dict(name='full', config='crf-full.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='labels', config='crf.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(
        name='segmentor',
        config='deeplabv2_r101_clip-es_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'labels.masks'},
    ),
    dict(
        name='predict',
        config='deeplabv2_r101_clip-es_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
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
        dict(name='predict_test', like='predict', cfg_options=_TEST),
    ]
report = dict(
    title='CLIP-ES on VOC 2012',
    scores='seeds.scores',
    masks='labels.masks',
    predictions='predict.masks',
)
