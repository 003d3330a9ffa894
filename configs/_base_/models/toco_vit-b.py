# ToCo on ViT-B/16. Weights: tools/model_converters/convert_checkpoint.py deit FILE
# checkpoints/vit_base.pth, of timm's jx_vit_base_p16_224-80ecf9dd.pth (ImageNet-21k, then 1k), or
# of DeiT's deit_base_patch16_224-b5f2ef4d.pth (ImageNet-1k). Environment: VIT_CHECKPOINT.
model = dict(
    type='ToCo',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    network=dict(
        type='CAMViT',
        num_classes=20,
        aux_block=-3,
        backbone=dict(
            type='ClassTokenViT',
            num_classes=1,
            background=False,
            tokenizer_channels=None,
            arch='deit-base',
            img_size=224,
            patch_size=16,
            drop_path_rate=0.0,
            final_norm=True,
            frozen_positions=True,
            init_cfg=dict(
                type='Pretrained', checkpoint='{{$VIT_CHECKPOINT:checkpoints/vit_base.pth}}'
            ),
        ),
        decoder=dict(type='DilatedDecoder', in_channels=768, num_classes=21),
    ),
    local_size=96,
    num_local=8,
    cam_scales=(1.0, 0.5, 1.5),
    loss_ptc=dict(type='PatchTokenContrastLoss', loss_weight=0.2),
    loss_ctc=dict(type='ClassTokenContrastLoss', temperature=0.5, loss_weight=0.5),
    loss_seg=dict(type='BalancedCrossEntropyLoss', loss_weight=0.1),
    loss_reg=dict(type='DenseEnergyLoss', loss_weight=0.05),
    # While training: squeezed, one scale, class activation maps too.
    val_cfg=dict(side=448, flip=False, seeds=True),
)
