# Seeds of one's own photos, weighted a little towards the middle and smoothed along the colours of
# the photo, at most 160 pixels wide: any threshold may follow.
_base_ = './par_folder.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(type='LocationPrior', sigma=1.0),
            dict(type='PAR', max_side=160),
        ],
    )
)
