# ExCEL on the built-in photos with a tiny CLIP that has learned from their tags. Environment:
# CLIP_CHECKPOINT, of ../weclip/clip_vit-tiny-deep_shapes.py, and SHAPES_ROOT.
_base_ = '../weclip/weclip_vit-tiny_shapes.py'

model = dict(
    _delete_=True,
    type='ExCEL',
    clip=_base_.model.clip,
    prompts=_base_.model.prompts,
    num_classes=6,
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
    loss_affinity=dict(type='TokenAffinityLoss', radius=3),
    par_iterations=10,
    data_preprocessor=_base_.model.data_preprocessor,
    test_cfg=dict(long_side=160, scales=(0.8, 1.0, 1.2)),
)
