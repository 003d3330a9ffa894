# FMA-WSSS on COCO 2014, from photos and tags to Mask2Former. Extras [clip] and [sam], GPUs:
# python tools/pipeline.py configs/fma/fma_coco_recipe.py --set COCO_ROOT=...
_base_ = './fma_voc_recipe.py'

data = 'coco'
variables = dict(
    _delete_=True,
    COCO_ROOT='data/coco',
    CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt',
    SAM_CHECKPOINT='checkpoints/sam_vit_h_4b8939.pth',
)
recipe = dict(predict_test=None)
report = dict(title='FMA-WSSS on COCO 2014')
