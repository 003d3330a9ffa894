# Prompts of a frozen CLIP ViT-B/16 for the classes of VOC 2012. Environment: CLIP_CHECKPOINT,
# OpenAI's ViT-B-16.pt. Extra [clip].
# fmt: off
names = (
    'aeroplane', 'bicycle', 'bird avian', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair seat',
    'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person with clothes,people,human',
    'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor screen',
)
background = (
    'ground', 'land', 'grass', 'tree', 'building', 'wall', 'sky', 'lake', 'water', 'river', 'sea',
    'railway', 'railroad', 'keyboard', 'helmet', 'cloud', 'house', 'mountain', 'ocean', 'road',
    'rock', 'street', 'valley', 'bridge', 'sign',
)
# fmt: on

model = dict(
    type='FMA',
    clip=dict(
        type='CLIP',
        arch='ViT-B-16-quickgelu',
        checkpoint='{{$CLIP_CHECKPOINT:checkpoints/ViT-B-16.pt}}',
    ),
    prompts=dict(
        names=names, background=background, layout='end', context='generic', std=0.015, seed='真'
    ),
    num_classes=20,
    # CLIP's mean and deviation, times 255.
    data_preprocessor=dict(
        type='WSSSDataPreprocessor',
        mean=(122.7709383, 116.7460125, 104.09373615),
        std=(68.5005327, 66.6321579, 70.32316305),
    ),
)
