# The training labels with a CRF that sees the photo itself, which the published one does not.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = '../refine/threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(type='CRF', alpha=1, protocol='deeplab', channel_order='bgr'),
            dict(type='Threshold', background=None, confidence=0.95),
        ],
    )
)
