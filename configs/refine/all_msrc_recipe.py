# Every refiner on one store of scores, on MSRC v2: masks of each.
# python tools/pipeline.py configs/refine/all_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_base_ = './all_shapes_recipe.py'

data = 'msrc'
variables = dict(_delete_=True, MSRC_ROOT='data/msrcv2')
recipe = dict(regions=dict(config='../proposals/regions.py'))
