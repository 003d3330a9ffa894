# CTI on VOC 2012, refined by IRN with its own values, down to a segmentor.
# python tools/pipeline.py configs/cti/cti_irn_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LABELS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012', TEST_LIST='none')

recipe = [
    dict(name='cti', config='cti_deit-s_voc.py', action='train'),
    dict(
        name='seeds',
        config='cti_deit-s_voc.py',
        action='test',
        inputs={'load_from': 'cti.checkpoint'},
        # One store for labels, which need full size, and for the walk.
        cfg_options={'test_cfg.stride': 1},
    ),
    dict(
        name='ir_labels',
        config='../refine/ir-labels.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
    ),
    dict(
        name='irn',
        config='../refine/irn_r50_voc.py',
        action='train',
        inputs={_LABELS: 'ir_labels.masks'},
    ),
    dict(
        name='masks',
        config='../refine/irn_r50_voc.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    dict(
        name='segmentor',
        config='deeplabv2_r38_cti_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    dict(
        name='predict',
        config='deeplabv2_r38_cti_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
    dict(
        name='predict_scores',
        config='deeplabv2_r38-scores_cti_voc.py',
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
    title='CTI and IRN on VOC 2012',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
