# FMA-WSSS on VOC 2012, from photos and tags to Mask2Former. Extras [clip] and [sam], GPUs:
# python tools/pipeline.py configs/fma/fma_voc_recipe.py --set VOC_ROOT=...
_base_ = '../_base_/recipes/voc_test.py'

_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
)

recipe = dict(
    proposals=dict(config='../proposals/fma-sam_vit-h.py', action='test'),
    cls=dict(config='fma_vit-b16-cls_{data}.py', action='train'),
    coarse=dict(
        config='fma_vit-b16-cls-masks_{data}.py',
        action='test',
        inputs={'load_from': 'cls.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    seg=dict(
        config='fma_vit-b16-seg_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'coarse.masks'},
    ),
    fine=dict(
        config='fma_vit-b16-seg-masks_{data}.py',
        action='test',
        inputs={'load_from': 'seg.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    segmentor=dict(
        config='mask2former_swin-l_fma_{data}.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'fine.masks'},
    ),
    predict=dict(
        config='mask2former_swin-l_fma_{data}.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(predict_test=dict(like='predict', cfg_options=_base_._TEST))
report = dict(title='FMA-WSSS on VOC 2012', masks='fine.masks', predictions='predict.masks')
