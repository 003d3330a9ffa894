# Second stage as on VOC, 100k iterations.
_base_ = './deeplabv2_r101_clip-es_voc.py'

max_iters = 100000
root = '{{$COCO_ROOT:data/coco}}'
photos = dict(
    type='COCOTaggedDataset',
    data_root=root,
    split='val',
    data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
    test_mode=True,
)

model = dict(decode_head=dict(num_classes=81))
train_dataloader = dict(
    dataset=dict(
        store='work_dirs/clip-es_coco_recipe/labels/masks',
        images=dict(_delete_=True, type='COCOTaggedDataset', data_root=root, split='train'),
    )
)
val_dataloader = dict(
    dataset=dict(_delete_=True, **photos, pipeline={{_base_.val_pipeline}}),
)
test_dataloader = dict(
    dataset=dict(_delete_=True, **photos, pipeline={{_base_.test_pipeline}}),
)
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=20000)
