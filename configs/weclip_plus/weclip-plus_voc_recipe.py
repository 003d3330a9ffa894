# WeCLIP+ on VOC 2012, from photos and tags to its test with CRF. Extra [clip], a GPU:
# python tools/pipeline.py configs/weclip_plus/weclip-plus_voc_recipe.py --set VOC_ROOT=...
_base_ = '../_base_/recipes/voc_test.py'

variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    DINO_CHECKPOINT='checkpoints/dinov2_vits14_pretrain.pth',
)

recipe = dict(
    train=dict(config='weclip-plus_vit-b16_voc.py', action='train'),
    predict=dict(
        config='weclip-plus_vit-b16_voc.py', action='test', inputs={'load_from': 'train.checkpoint'}
    ),
    crf=dict(like='predict', config='weclip-plus_vit-b16-crf_voc.py'),
    # Its seeds suit any second stage.
    seeds=dict(like='predict', config='weclip-plus_vit-b16-seeds_voc.py'),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        predict_test=dict(like='predict', cfg_options=_base_._TEST),
        crf_test=dict(like='crf', cfg_options=_base_._TEST),
    )
report = dict(title='WeCLIP+ on VOC 2012', scores='seeds.scores')
