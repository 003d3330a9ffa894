# S2C on the built-in data set, with the regions of RegionProposer in SAM's place; ours, and in all
# else the plain CAM's network and schedule. Environment: PROPOSAL_STORE (of the training photos,
# made by configs/proposals/regions-small.py).
_base_ = '../cam/cam_r18_shapes.py'

model = dict(
    type='S2C',
    point_decoder=dict(type='RegionPointDecoder'),
    # The published settings are for crops of 256 and 40 epochs from ImageNet's weights; this
    # network knows nothing before it has learned for some epochs.
    cpm_begin=6,
    peak_distance=9,
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadProposals', store='{{$PROPOSAL_STORE:work_dirs/regions_shapes/proposals}}'),
    # Every pixel has a region: none is to be ignored, as the release's numbering would have it.
    dict(type='SegmentsFromProposals', legacy_ids=False, keep_proposals=True),
    dict(type='RegionsFromProposals', level=2),
    dict(type='RandomResizeLong', low=96, high=144),
    dict(type='RandomFlip'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.05, prob=0.8),
    dict(type='RelabelSegments', legacy_ids=False),
    dict(type='RandomCropPad', size=112),
    dict(type='PackTagged', meta_keys=('region_scores',)),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
custom_hooks = []  # the recorded numbers are of the default memory format
