# A SAM for photos of 112 pixels; Co2SAM's and its pre-training's.
side = 112
sam_arch = dict(
    embed_dims=64,
    depth=4,
    num_heads=4,
    global_attn_indexes=(1, 3),
    image_size=side,
    patch_size=8,
    window_size=7,
    out_channels=64,
    decoder_mlp=128,
)
