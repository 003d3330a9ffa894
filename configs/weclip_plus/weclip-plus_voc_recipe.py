# WeCLIP+ on VOC 2012, from photos and tags to its test with CRF. Extra [clip], a GPU:
# python tools/pipeline.py configs/weclip_plus/weclip-plus_voc_recipe.py --set VOC_ROOT=...
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    DINO_CHECKPOINT='checkpoints/dinov2_vits14_pretrain.pth',
)

recipe = [
    dict(name='train', config='weclip-plus_vit-b16_voc.py', action='train'),
    dict(
        name='predict',
        config='weclip-plus_vit-b16_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
    ),
    dict(
        name='crf',
        config='weclip-plus_vit-b16-crf_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
    ),
    # Its seeds suit any second stage.
    dict(
        name='seeds',
        config='weclip-plus_vit-b16-seeds_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
    ),
]
report = dict(title='WeCLIP+ on VOC 2012', scores='seeds.scores')
