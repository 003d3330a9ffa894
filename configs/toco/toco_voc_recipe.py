# ToCo without the quirks of the release: one training, then the segmentation of the validation
# photos with and without CRF, and seeds of the training photos:
# python tools/pipeline.py configs/toco/toco_voc_recipe.py --set VOC_ROOT=DIR
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012', VIT_CHECKPOINT='checkpoints/vit_base.pth', TEST_LIST='none'
)

recipe = [
    dict(name='toco', config='toco_vit-b_fixed_voc.py', action='train'),
    dict(
        name='val',
        config='toco_vit-b_fixed_voc.py',
        action='test',
        inputs={'load_from': 'toco.checkpoint'},
    ),
    dict(
        name='scores_val',
        config='toco_vit-b-scores_voc.py',
        action='test',
        inputs={'load_from': 'toco.checkpoint'},
    ),
    dict(
        name='crf_val',
        config='crf-segmentor_toco.py',
        action='test',
        inputs={_SEEDS: 'scores_val.scores'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
    dict(
        name='seeds_train',
        like='val',
        cfg_options={
            'model.test_cfg.seeds': True,
            'test_dataloader.dataset.split': 'train_aug',
            'test_cfg.kind': 'scores',
            'test_evaluator.type': 'SeedMetric',
            'test_evaluator.prefix': 'seeds',
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
        dict(name='predict_test', like='val', cfg_options=_TEST),
        dict(name='scores_test', like='scores_val', cfg_options=_TEST),
        dict(
            name='crf_test',
            like='crf_val',
            inputs={_SEEDS: 'scores_test.scores'},
            cfg_options=_TEST,
        ),
    ]
