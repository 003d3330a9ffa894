# IRN on COCO 2014, with RIB's values for its walk there. Ours: IRN was published for VOC alone.
# python tools/pipeline.py configs/refine/irn_coco_recipe.py --set COCO_ROOT=data/coco
_base_ = './irn_voc_recipe.py'

data = 'coco'
variables = dict(_delete_=True, COCO_ROOT='data/coco')
recipe = dict(ir_labels=dict(config='ir-labels-rib.py'))
report = dict(title='IRN on COCO 2014')
