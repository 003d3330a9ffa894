# CTI on VOC 2012, refined by IRN with its own values, down to a segmentor.
# python tools/pipeline.py configs/cti/cti_irn_voc_recipe.py --set VOC_ROOT=data/VOCdevkit/VOC2012
_base_ = '../_base_/recipes/voc_test.py'

_SEEDS = 'test_dataloader.dataset.pipeline.LoadSeeds.store'
_LABELS = 'train_dataloader.dataset.pipeline.LoadPseudoMask.store'

data = 'voc'
variables = dict(VOC_ROOT='data/VOCdevkit/VOC2012')

recipe = dict(
    cti=dict(config='cti_deit-s_voc.py', action='train'),
    seeds=dict(
        config='cti_deit-s_voc.py',
        action='test',
        inputs={'load_from': 'cti.checkpoint'},
        # One store for labels, which need full size, and for the walk.
        cfg_options={'test_cfg.stride': 1},
    ),
    ir_labels=dict(config='../refine/ir-labels.py', action='test', inputs={_SEEDS: 'seeds.scores'}),
    irn=dict(
        config='../refine/irn_r50_voc.py', action='train', inputs={_LABELS: 'ir_labels.masks'}
    ),
    masks=dict(
        config='../refine/irn_r50_voc.py',
        action='test',
        inputs={'load_from': 'irn.checkpoint', _SEEDS: 'seeds.scores'},
    ),
    segmentor=dict(
        config='deeplabv2_r38_cti_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict=dict(
        config='deeplabv2_r38_cti_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
    predict_scores=dict(like='predict', config='deeplabv2_r38-scores_cti_voc.py'),
    # The release's leftovers: unary 1 and 3, bilateral 67, 3 and 4, BGR.
    predict_crf=dict(
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
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        predict_test=dict(like='predict', cfg_options=_base_._TEST),
        scores_test=dict(like='predict_scores', cfg_options=_base_._TEST),
        crf_test=dict(
            like='predict_crf', inputs={_SEEDS: 'scores_test.scores'}, cfg_options=_base_._TEST
        ),
    )
report = dict(
    title='CTI and IRN on VOC 2012',
    scores='seeds.scores',
    masks='masks.masks',
    predictions='predict.masks',
)
