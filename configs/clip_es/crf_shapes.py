# Labels by a CRF that sees the photo itself; pixels that it is unsure of are ignored. Extra [crf].
_base_ = '../refine/threshold_shapes.py'

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
