# IRN on the frozen backbone of the small classifier (cam_r18). Displacements keep a mean of 0: they
# are not used for masks.
model = dict(
    type='IRNet',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
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
    in_channels=(32, 32, 64, 128),
    strides=(4, 4, 8, 8),
    radius=5,
    test_cfg=dict(radius=5, beta=10, log_steps=6, background=0.25, pad_to=None),
)
