# ICAM's final stage on COCO 2014: 200k iterations, see largefov_r38_icam_voc.py.
_base_ = './largefov_r38_icam_voc.py'

_year = 2014
_max_iters = 200000
_data = dict(
    type='COCOTaggedDataset', data_root='{{$COCO_ROOT:data/coco}}', year=_year, untagged=True
)
_train = dict(
    _data,
    split='train',
    tags=dict(source='list', path=f'icam/labels_train{_year}.txt', offset=0),
    data_prefix=dict(img_path=f'train{_year}'),
)
_val = dict(
    _data,
    _delete_=True,
    split='val',
    tags=dict(source='list', path=f'icam/labels_val{_year}.txt', offset=0),
    data_prefix=dict(img_path=f'val{_year}', seg_map_path=f'icam/masks_val{_year}'),
    test_mode=True,
)
model = dict(decode_head=dict(num_classes=81))
train_dataloader = dict(
    dataset=dict(
        store='work_dirs/icam_coco_recipe/walk_train/masks', images=dict(_train, _delete_=True)
    )
)
val_dataloader = dict(dataset=dict(_val, pipeline={{_base_.val_pipeline}}))
test_dataloader = dict(dataset=dict(_val, pipeline={{_base_.test_pipeline}}))
param_scheduler = dict(end=_max_iters + 1)
train_cfg = dict(max_iters=_max_iters, val_interval=_max_iters)
