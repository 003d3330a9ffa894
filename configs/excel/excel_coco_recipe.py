# ExCEL on COCO 2014, from photos and tags to its test with CRF. Extra [clip], a GPU:
# python tools/pipeline.py configs/excel/excel_coco_recipe.py --set COCO_ROOT=...
variables = dict(
    COCO_ROOT='data/coco',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    EXCEL_BANK='checkpoints/ms_coco_desc_clip_ViT-B-16_gpt4.0_cluster_224_embedding_bank.pth',
)

recipe = dict(
    train=dict(config='excel_vit-b16_coco.py', action='train'),
    predict=dict(
        config='excel_vit-b16_coco.py', action='test', inputs={'load_from': 'train.checkpoint'}
    ),
    crf=dict(like='predict', config='excel_vit-b16-crf_coco.py'),
    # Its seeds suit any second stage.
    seeds=dict(like='predict', config='excel_vit-b16-seeds_coco.py'),
)
report = dict(title='ExCEL on COCO 2014', scores='seeds.scores')
