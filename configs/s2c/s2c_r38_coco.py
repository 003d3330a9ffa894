# The VOC settings on COCO 2014. Ours: the release covers VOC alone. Environment: PROPOSAL_STORE (of
# train2014, made by configs/proposals/sam_vit-h.py) and SAM_CHECKPOINT.
_base_ = '../cam/cam_r38_coco.py'

model = dict(
    type='S2C',
    point_decoder=dict(
        type='SAMPointDecoder',
        sam=dict(
            type='SAM',
            arch='auto',
            checkpoint='{{$SAM_CHECKPOINT:checkpoints/sam_vit_h_4b8939.pth}}',
        ),
    ),
    cpm_begin=1,  # of 10 epochs, each eight times as long as VOC's
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadProposals', store='{{$PROPOSAL_STORE:work_dirs/sam_vit-h_coco/proposals}}'),
    dict(type='SegmentsFromProposals'),
    dict(type='RandomResizeLong', low=256, high=512),
    dict(type='RandomFlip'),
    dict(
        type='ColorJitter',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
        prob=0.8,
        gray_prob=0.02,
    ),
    dict(type='RelabelSegments'),
    dict(type='RandomCropPad', size=256),
    dict(type='PackTagged'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
