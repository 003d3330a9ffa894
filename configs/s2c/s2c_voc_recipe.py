# S2C on VOC 2012, from photos and tags to DeepLabV2 on ResNet-38d. The release ends with the seeds;
# masks and segmentor are of the kinds that its leftovers hint at. Extra [sam], GPUs:
# python tools/pipeline.py configs/s2c/s2c_voc_recipe.py --set VOC_ROOT=... SAM_CHECKPOINT=...
_base_ = '../_base_/recipes/voc_test.py'

_PIPELINE = 'dataset.pipeline'
_SEEDS = f'test_dataloader.{_PIPELINE}.LoadSeeds.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
)

recipe = dict(
    proposals=dict(config='../proposals/sam_vit-h.py', action='test'),
    s2c=dict(
        config='s2c_r38_voc.py',
        action='train',
        inputs={f'train_dataloader.{_PIPELINE}.LoadProposals.store': 'proposals.proposals'},
    ),
    seeds=dict(config='s2c_r38_voc.py', action='test', inputs={'load_from': 's2c.checkpoint'}),
    masks=dict(
        config='../refine/crf-masks.py',
        action='test',
        inputs={_SEEDS: 'seeds.scores'},
        # The middle one of the release's three.
        cfg_options={'model.refiner.refiners.0.alpha': 10},
    ),
    segmentor=dict(
        config='deeplabv2_r38_s2c_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    predict=dict(
        config='deeplabv2_r38_s2c_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
    predict_scores=dict(like='predict', config='deeplabv2_r38-scores_s2c_voc.py'),
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
    title='S2C on VOC 2012', scores='seeds.scores', masks='masks.masks', predictions='predict.masks'
)
