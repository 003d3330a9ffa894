# Masks by dense CRF in one stage.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(type='CRF', alpha=4, protocol='psa', channel_order='rgb'),
            dict(type='Threshold', background=None),
        ],
    )
)
