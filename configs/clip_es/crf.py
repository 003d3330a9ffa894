# The training labels, as published: the CRF sees a wrapped image (kernel_image), pixels that it
# is unsure of are ignored.
# DATA: voc, coco.
_base_ = '../refine/threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(
                type='CRF', alpha=1, protocol='deeplab', channel_order='bgr', kernel_image='wrapped'
            ),
            dict(type='Threshold', background=None, confidence=0.95),
        ],
    )
)
