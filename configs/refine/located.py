# Seeds weighted a little towards the middle of the photo and smoothed along its colours, at most
# 160 pixels wide: any threshold may follow.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './par.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='LocationPrior', sigma=1.0), dict(type='PAR', max_side=160)],
    )
)
