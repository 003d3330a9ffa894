# ExCEL on VOC, or a part of it, on a laptop, with a small CLIP that has learned from the tags.
# Environment: CLIP_CHECKPOINT, of ../weclip/clip_vit-tiny-lite0_voc.py; VOC_ROOT, TRAIN_LIST and
# VAL_LIST (see ../_base_/datasets/voc.py).
_base_ = '../weclip/weclip_vit-tiny-lite0_voc.py'

model = dict(
    _delete_=True,
    type='ExCEL',
    clip=_base_.model.clip,
    prompts=_base_.model.prompts,
    num_classes=20,
    # This CLIP knows its sentence alone: a bank of other sentences would say nothing.
    bank=None,
    surgery=1,
    caa=dict(threshold=0.79, source='score', rounds=3, passes=0, layers=2),
    choose=2,
    learnt_after=200,
    own_labels_after=320,
    channels=64,
    layers=2,
    heads=4,
    loss_affinity=_base_.model.loss_affinity,
    par_iterations=10,
    ignore_padding=True,
    data_preprocessor=_base_.model.data_preprocessor,
    test_cfg=dict(long_side=320, scales=(0.8, 1.0, 1.2)),
)
