# S2C on VOC 2012, from photos and tags to DeepLabV2 on ResNet-38d. The release ends with the seeds;
# masks and segmentor are of the kinds that its leftovers hint at. Extra [sam], GPUs:
# python tools/pipeline.py configs/s2c/s2c_voc_recipe.py --set VOC_ROOT=... SAM_CHECKPOINT=...
_PIPELINE = 'dataset.pipeline'
_SEEDS = f'test_dataloader.{_PIPELINE}.LoadSeeds.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
    TEST_LIST='none',
)

recipe = [
    dict(name='proposals', config='../proposals/sam_vit-h.py', action='test'),
    dict(
        name='s2c',
        config='s2c_r38_voc.py',
        action='train',
        inputs={f'train_dataloader.{_PIPELINE}.LoadProposals.store': 'proposals.proposals'},
    ),
    dict(
        name='seeds',
        config='s2c_r38_voc.py',
        action='test',
        inputs={'load_from': 's2c.checkpoint'},
    ),
    dict(
        name='masks',
        config='../refine/crf-masks.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        # The middle one of the release's three.
        cfg_options={'model.refiner.refiners.0.alpha': 10},
    ),
    dict(
        name='segmentor',
        config='deeplabv2_r38_s2c_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    dict(
        name='predict',
        config='deeplabv2_r38_s2c_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
    dict(
        name='predict_scores',
        config='deeplabv2_r38-scores_s2c_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
    # The release's leftovers: unary 1 and 3, bilateral 67, 3 and 4, BGR.
    dict(
        name='predict_crf',
        config='../refine/crf-masks.py',
        action='test',
        inputs={_SEEDS: 'predict_scores.scores'},
        cfg_options={
            'model.refiner.refiners.0.alpha': None,
            'model.refiner.refiners.0.protocol': 'deeplab',
            'model.refiner.refiners.0.channel_order': 'bgr',
            'test_dataloader.dataset.split': 'val',
        },
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
        dict(name='scores_test', like='predict_scores', cfg_options=_TEST),
        dict(
            name='crf_test',
            like='predict_crf',
            inputs={_SEEDS: 'scores_test.scores'},
            cfg_options=_TEST,
        ),
    ]
report = dict(
    title='S2C on VOC 2012', scores='seeds.scores', masks='masks.masks', predictions='predict.masks'
)
