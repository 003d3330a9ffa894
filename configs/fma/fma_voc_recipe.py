# FMA-WSSS on VOC 2012, from photos and tags to Mask2Former. Extras [clip] and [sam], GPUs:
# python tools/pipeline.py configs/fma/fma_voc_recipe.py --set VOC_ROOT=...
_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
    TEST_LIST='none',
)

recipe = [
    dict(name='proposals', config='../proposals/fma-sam_vit-h.py', action='test'),
    dict(name='cls', config='fma_vit-b16-cls_voc.py', action='train'),
    dict(
        name='coarse',
        config='fma_vit-b16-cls-masks_voc.py',
        action='test',
        inputs={'load_from': 'cls.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    dict(
        name='seg',
        config='fma_vit-b16-seg_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'coarse.masks'},
    ),
    dict(
        name='fine',
        config='fma_vit-b16-seg-masks_voc.py',
        action='test',
        inputs={'load_from': 'seg.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    dict(
        name='segmentor',
        config='mask2former_swin-l_fma_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'fine.masks'},
    ),
    dict(
        name='predict',
        config='mask2former_swin-l_fma_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]

# Photos of VOC's test server, which have neither tags nor masks (docs/how_to/voc_test_server.md):
# --set TEST_LIST=test, or a file of ids below VOC_ROOT.
_TEST_LIST = '{{$TEST_LIST:none}}'
if _TEST_LIST != 'none':
    recipe.append(
        dict(
            name='predict_test',
            like='predict',
            cfg_options={
                'test_dataloader.dataset.split': None,
                'test_dataloader.dataset.ann_file': _TEST_LIST,
                'test_dataloader.dataset.data_prefix.seg_map_path': '',
            },
        )
    )
report = dict(title='FMA-WSSS on VOC 2012', masks='fine.masks', predictions='predict.masks')
