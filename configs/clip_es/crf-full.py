# What is published as the score of the masks: nothing is ignored.
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
            dict(type='Threshold', background=None),
        ],
    )
)
