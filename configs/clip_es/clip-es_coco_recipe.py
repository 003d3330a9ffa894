# CLIP-ES on COCO 2014, from photos and tags to DeepLabV2; before that nothing is trained. Extra
# [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_coco_recipe.py --set COCO_ROOT=...
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'coco'
variables = dict(COCO_ROOT='data/coco', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt')

recipe = [
    dict(name='seeds', config='clip-es_vit-b16_coco.py', action='test'),
    # Scores of the seeds at both published powers of the background (the release prints the better
    # one), and of the CRF's masks.
    dict(name='alpha', config='alpha.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='alpha2', like='alpha', cfg_options={'model.refiner.alpha': 2}),
    dict(name='full', config='crf-full.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(name='labels', config='crf.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    dict(
        name='segmentor',
        config='deeplabv2_r101_clip-es_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'labels.masks'},
    ),
    dict(
        name='predict',
        config='deeplabv2_r101_clip-es_coco.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]
report = dict(
    title='CLIP-ES on COCO 2014',
    scores='seeds.scores',
    masks='labels.masks',
    predictions='predict.masks',
)
