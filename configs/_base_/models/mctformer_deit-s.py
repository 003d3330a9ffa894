# MCTformer-V2 on DeiT-S/16. Weights: tools/model_converters/convert_checkpoint.py deit
# deit_small_patch16_224-cd65a155.pth checkpoints/deit_small.pth
model = dict(
    type='MCTformer',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='ClassTokenViT',
        num_classes=20,
        background=False,
        tokenizer_channels=None,
        arch='deit-small',
        img_size=224,
        patch_size=16,
        drop_path_rate=0.1,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/deit_small.pth'),
    ),
    head=dict(type='PatchCAMHead', in_channels=384, num_classes=20, background=False),
    test_cfg=dict(flip=True),
)
