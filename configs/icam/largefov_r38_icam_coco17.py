# ICAM's final stage on COCO 2017, as on COCO 2014.
_base_ = './largefov_r38_icam_coco.py'

_train = dict(
    year=2017,
    tags=dict(path='icam/labels_train2017.txt'),
    data_prefix=dict(img_path='train2017'),
)
_val = dict(
    year=2017,
    tags=dict(path='icam/labels_val2017.txt'),
    data_prefix=dict(img_path='val2017', seg_map_path='icam/masks_val2017'),
)
train_dataloader = dict(
    dataset=dict(store='work_dirs/icam_coco17_recipe/walk_train/masks', images=_train)
)
val_dataloader = dict(dataset=_val)
test_dataloader = dict(dataset=_val)
