# The same of COCO 2017.
_base_ = './coco_icam.py'

_train = dict(year=2017, tags=dict(path='icam/labels_train2017.txt'))
_val = dict(year=2017, tags=dict(path='icam/labels_val2017.txt'))
train_dataloader = dict(dataset=dict(data_prefix=dict(img_path='train2017'), **_train))
val_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path='val2017', seg_map_path='icam/masks_val2017'),
        **_val,
    )
)
test_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img_path='train2017', seg_map_path='icam/masks_train2017'),
        **_train,
    )
)
