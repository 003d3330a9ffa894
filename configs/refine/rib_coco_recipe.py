# RIB, then IRN on COCO 2014: seeds, sure labels, boundaries, random walk to masks.
# python tools/pipeline.py configs/refine/rib_coco_recipe.py --set COCO_ROOT=data/coco
_base_ = './rib_voc_recipe.py'

data = 'coco'
variables = dict(_delete_=True, COCO_ROOT='data/coco')
recipe = dict(
    ir_labels=dict(config='ir-labels-rib.py'),
    # irn_r50_coco.py has RIB's values.
    masks=dict(cfg_options=None),
)
report = dict(title='RIB, then IRN on COCO 2014')
