# AffinityNet of PSA, on ResNet-38d's ImageNet weights (as ICAM; MCTformer starts from its trained
# classifier: `prefix='backbone.'` and its checkpoint).
model = dict(
    type='AffinityNet',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='ResNet38d',
        out_indices=(4, 5, 7),
        frozen_stages=2,
        norm_eval=True,
        dropout=(0.3, 0.5),
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet_38d.params'),
    ),
    radius=5,
    test_cfg=dict(beta=8, log_steps=8, alpha=16),
)
