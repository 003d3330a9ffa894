# Second stage, reconstructed as on VOC, 100k iterations.
_base_ = './mask2former_swin-l_fma_voc.py'

data_root = '{{$COCO_ROOT:data/coco}}'
max_iters = 100000

model = dict(
    decode_head=dict(num_classes=81, loss_cls=dict(class_weight=[1.0] * 81 + [0.1])),
)
_images = dict(_delete_=True, type='COCOTaggedDataset', data_root=data_root, split='train')
_eval = dict(
    type='COCOTaggedDataset',
    data_root=data_root,
    split='val',
    data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
)
train_dataloader = dict(dataset=dict(store='work_dirs/fma_coco_recipe/fine/masks', images=_images))
val_dataloader = dict(dataset=_eval)
test_dataloader = dict(dataset=_eval)
param_scheduler = dict(end=max_iters)
train_cfg = dict(max_iters=max_iters)
