# Seeds weighted a little towards the middle of the photo and smoothed along its colours, at most
# 160 pixels wide: any threshold may follow.
_base_ = './par_voc.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='LocationPrior', sigma=1.0), dict(type='PAR', max_side=160)],
    )
)
