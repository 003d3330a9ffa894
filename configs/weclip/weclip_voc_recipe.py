# WeCLIP on VOC 2012, from photos and tags to its test with CRF. Extra [clip], a GPU:
# python tools/pipeline.py configs/weclip/weclip_voc_recipe.py --set VOC_ROOT=...
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    TEST_LIST='none',
)

recipe = [
    dict(name='train', config='weclip_vit-b16_voc.py', action='train'),
    dict(
        name='predict',
        config='weclip_vit-b16_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
    ),
    dict(
        name='crf',
        config='weclip_vit-b16-crf_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
    ),
    # Its seeds suit any second stage.
    dict(
        name='seeds',
        config='weclip_vit-b16-seeds_voc.py',
        action='test',
        inputs={'load_from': 'train.checkpoint'},
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
        dict(name='crf_test', like='crf', cfg_options=_TEST),
    ]
report = dict(title='WeCLIP on VOC 2012', scores='seeds.scores')
