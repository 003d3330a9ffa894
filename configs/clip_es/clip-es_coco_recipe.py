# CLIP-ES on COCO 2014, from photos and tags to DeepLabV2; before that nothing is trained. Extra
# [clip]:
# python tools/pipeline.py configs/clip_es/clip-es_coco_recipe.py --set COCO_ROOT=...
_base_ = './clip-es_voc_recipe.py'

data = 'coco'
variables = dict(_delete_=True, COCO_ROOT='data/coco', CLIP_CHECKPOINT='checkpoints/ViT-B-16.pt')
recipe = dict(predict_test=None)
report = dict(title='CLIP-ES on COCO 2014')
