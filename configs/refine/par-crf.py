# Masks of a segmentor's scores (`SoftmaxScores`): smoothed along the colours of the photo, then
# DeepLab's dense CRF.
# DATA: voc, coco, folder, msrc, shapes.
_base_ = './threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[
            dict(type='PAR'),
            dict(type='CRF', protocol='deeplab'),
            dict(type='Threshold', background=None),
        ],
    )
)
