# FMA-WSSS on COCO 2014, from photos and tags to Mask2Former. Extras [clip] and [sam], GPUs:
# python tools/pipeline.py configs/fma/fma_coco_recipe.py --set COCO_ROOT=...
_PROPOSALS = 'test_dataloader.dataset.pipeline.LoadProposals.store'

data = 'coco'
variables = dict(
    COCO_ROOT='data/coco',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
)

recipe = [
    dict(name='proposals', config='../proposals/fma-sam_vit-h.py', action='test'),
    dict(name='cls', config='fma_vit-b16-cls_coco.py', action='train'),
    dict(
        name='coarse',
        config='fma_vit-b16-cls-masks_coco.py',
        action='test',
        inputs={'load_from': 'cls.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    dict(
        name='seg',
        config='fma_vit-b16-seg_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.pipeline.LoadPseudoMask.store': 'coarse.masks'},
    ),
    dict(
        name='fine',
        config='fma_vit-b16-seg-masks_coco.py',
        action='test',
        inputs={'load_from': 'seg.checkpoint', _PROPOSALS: 'proposals.proposals'},
    ),
    dict(
        name='segmentor',
        config='mask2former_swin-l_fma_coco.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'fine.masks'},
    ),
    dict(
        name='predict',
        config='mask2former_swin-l_fma_coco.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]
report = dict(title='FMA-WSSS on COCO 2014', masks='fine.masks', predictions='predict.masks')
