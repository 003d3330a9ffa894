# A frozen CLIP ViT-B/16. Environment: CLIP_CHECKPOINT, OpenAI's ViT-B-16.pt. Extra [clip].
clip = dict(
    type='CLIP',
    arch='ViT-B-16-quickgelu',
    checkpoint='{{$CLIP_CHECKPOINT:checkpoints/ViT-B-16.pt}}',
)
# CLIP's mean and deviation, times 255.
data_preprocessor = dict(
    type='WSSSDataPreprocessor',
    mean=(122.7709383, 116.7460125, 104.09373615),
    std=(68.5005327, 66.6321579, 70.32316305),
)
