# COCO 2014 as ICAM prepares it (see coco_icam.py) in the place of VOC, for a second stage: photos
# with pseudo masks to learn from, and photos to score on. Environment: COCO_ROOT.
coco_train = dict(
    _delete_=True,
    type='COCOTaggedDataset',
    data_root='{{$COCO_ROOT:data/coco}}',
    year=2014,
    untagged=True,
    split='train',
    tags=dict(source='list', path='icam/labels_train2014.txt', offset=0),
    data_prefix=dict(img_path='train2014'),
)
coco_val = dict(
    _delete_=True,
    type='COCOTaggedDataset',
    data_root='{{$COCO_ROOT:data/coco}}',
    year=2014,
    untagged=True,
    split='val',
    tags=dict(source='list', path='icam/labels_val2014.txt', offset=0),
    data_prefix=dict(img_path='val2014', seg_map_path='icam/masks_val2014'),
    test_mode=True,
)
