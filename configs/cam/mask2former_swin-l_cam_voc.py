_base_ = './mask2former_swin-t_cam_voc.py'

depths = (2, 2, 18, 2)
model = dict(
    backbone=dict(
        pretrain_img_size=384,
        embed_dims=192,
        depths=depths,
        num_heads=(6, 12, 24, 48),
        window_size=12,
        init_cfg=dict(
            checkpoint='checkpoints/swin_large_patch4_window12_384_22k_20220412-6580f57d.pth'
        ),
    ),
    decode_head=dict(in_channels=(192, 384, 768, 1536)),
)
# No weight decay for the norms of the blocks that Swin-T lacks.
norm_keys = {
    f'backbone.stages.2.blocks.{i}.norm': dict(lr_mult=0.1, decay_mult=0.0) for i in range(6, 18)
}
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=norm_keys))
