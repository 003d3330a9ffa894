# WeCLIP+ on the built-in photos. In DINOv2's place is the plain CAM's network, which has learned
# from the same tags. Environment: CLIP_CHECKPOINT, of configs/weclip/clip_vit-tiny-deep_shapes.py,
# SECOND_CHECKPOINT, of configs/cam/cam_r18_shapes.py, and SHAPES_ROOT.
_base_ = '../weclip/weclip_vit-tiny_shapes.py'

model = dict(
    _delete_=True,
    type='WeCLIPPlus',
    clip=_base_.model.clip,
    prompts=_base_.model.prompts,
    second=dict(
        backbone=dict(
            type='mmpretrain.ResNet',
            depth=18,
            num_stages=3,
            stem_channels=32,
            base_channels=32,
            strides=(1, 2, 1),
            dilations=(1, 1, 1),
            out_indices=(2,),
        ),
        channels=128,
        patch=16,
        checkpoint='{{$SECOND_CHECKPOINT:work_dirs/cam_r18_shapes/epoch_12.pth}}',
        prefix='backbone.',
    ),
    num_classes=6,
    caa=_base_.model.caa,
    choose=2,
    late_after=240,
    channels=64,
    layers=2,
    heads=4,
    loss_affinity=_base_.model.loss_affinity,
    par_iterations=10,
    data_preprocessor=_base_.model.data_preprocessor,
    test_cfg=_base_.model.test_cfg,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
