# CLIP-ES on VOC 2012, from photos and tags to DeepLabV2; before that nothing is trained. Extra
# [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_voc_recipe.py --set VOC_ROOT=...
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt')

recipe = [
    dict(name='seeds', config='clip-es_vit-b16_voc.py', action='test'),
    # Scores of the seeds and of the CRF's masks, neither chosen on masks.
    dict(name='alpha', config='alpha.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
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
report = dict(
    title='CLIP-ES on VOC 2012',
    scores='seeds.scores',
    masks='labels.masks',
    predictions='predict.masks',
)
