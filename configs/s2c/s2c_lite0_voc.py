# S2C on VOC, or a part of it, on a laptop's CPU: EfficientNet-Lite0, and the colour regions of
# RegionProposer in SAM's place. Ours; in all else the network and schedule of the plain CAM.
# Environment: PROPOSAL_STORE (of the training photos, made by configs/proposals/regions.py).
_base_ = '../cam/cam_lite0_voc.py'

model = dict(type='S2C', point_decoder=dict(type='RegionPointDecoder'), cpm_begin=4)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadProposals', store='{{$PROPOSAL_STORE:work_dirs/regions_voc/proposals}}'),
    # Every pixel has a region: none is to be ignored, as the release's numbering would have it.
    dict(type='SegmentsFromProposals', legacy_ids=False, keep_proposals=True),
    dict(type='RegionsFromProposals', level=2),
    dict(type='RandomResizeLong', low=256, high=448),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1, prob=0.8),
    dict(type='RelabelSegments', legacy_ids=False),
    dict(type='RandomCropPad', size=256),
    dict(type='PackTagged', meta_keys=('region_scores',)),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
