# COCO 2014 in the place of VOC, for a second stage that is VOC's in all else: photos with pseudo
# masks to learn from, and photos to score on. Environment: COCO_ROOT.
coco_train = dict(
    _delete_=True,
    type='COCOTaggedDataset',
    data_root='{{$COCO_ROOT:data/coco}}',
    split='train',
)
coco_val = dict(
    _delete_=True,
    type='COCOTaggedDataset',
    data_root='{{$COCO_ROOT:data/coco}}',
    split='val',
    data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
    test_mode=True,
)
