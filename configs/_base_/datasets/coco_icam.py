# COCO 2014 as ICAM prepares it: every image, tags from the masks, and masks painted by its own rule
# (tools/dataset_converters/coco_to_masks.py --rule icam --tags ...). Environment: COCO_ROOT.
_base_ = './coco.py'

_train = dict(untagged=True, tags=dict(source='list', path='icam/labels_train2014.txt', offset=0))
_val = dict(untagged=True, tags=dict(source='list', path='icam/labels_val2014.txt', offset=0))
train_dataloader = dict(dataset=_train)
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path='val2014', seg_map_path='icam/masks_val2014'),
        **_val,
    )
)
test_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path='train2014', seg_map_path='icam/masks_train2014'),
        **_train,
    )
)
