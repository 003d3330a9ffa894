# WeCLIP on COCO 2014, from photos and tags to its test with CRF. Extra [clip], a GPU:
# python tools/pipeline.py configs/weclip/weclip_coco_recipe.py --set COCO_ROOT=...
variables = dict(COCO_ROOT='data/coco', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt')

recipe = dict(
    train=dict(config='weclip_vit-b16_coco.py', action='train'),
    predict=dict(
        config='weclip_vit-b16_coco.py', action='test', inputs={'load_from': 'train.checkpoint'}
    ),
    crf=dict(like='predict', config='weclip_vit-b16-crf_coco.py'),
    # Its seeds suit any second stage.
    seeds=dict(like='predict', config='weclip_vit-b16-seeds_coco.py'),
)
report = dict(title='WeCLIP on COCO 2014', scores='seeds.scores')
