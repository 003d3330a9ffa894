# ICAM on MSRC v2, all three stages in small, as on the built-in data set:
# python tools/pipeline.py configs/icam/icam_msrc_recipe.py --set MSRC_ROOT=data/msrcv2
_base_ = './icam_shapes_recipe.py'

data = 'msrc'
variables = dict(_delete_=True, MSRC_ROOT='data/msrcv2')
report = dict(title='ICAM on MSRC v2')
