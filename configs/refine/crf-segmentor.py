# DeepLab-v2's test-time CRF of a trained segmentor: masks of a store of its softmax,
# kept by `SoftmaxScores` (e.g. configs/s2c/deeplabv2_r38-scores_s2c_voc.py) at stride 1.
# MCTformer: protocol='mct_seg'. The published codes of CLIP-ES, S2C and CTI show it BGR.
# DATA: voc, coco, msrc, shapes.
_base_ = './threshold.py'

model = dict(
    refiner=dict(
        _delete_=True,
        type='Chain',
        refiners=[dict(type='CRF', protocol='deeplab'), dict(type='Threshold', background=None)],
    )
)
