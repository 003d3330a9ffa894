# Masks by PAR and a constant background score, in one stage.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='PAR'), dict(type='Threshold', background=0.25)],
    )
)
