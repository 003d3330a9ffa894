# PSA on COCO 2014. Ours, with the VOC values: PSA was published for VOC alone.
# python tools/pipeline.py configs/refine/psa_coco_recipe.py --set COCO_ROOT=data/coco
_base_ = './psa_voc_recipe.py'

data = 'coco'
variables = dict(_delete_=True, COCO_ROOT='data/coco')
report = dict(title='PSA on COCO 2014')
