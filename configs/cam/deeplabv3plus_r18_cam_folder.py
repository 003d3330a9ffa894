_base_ = [
    '../_base_/models/deeplabv3plus_r18.py',
    '../_base_/datasets/folder_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

# 'auto': the classes of the store of pseudo masks, and the background.
model = dict(
    data_preprocessor=dict(size=(256, 256)),
    decode_head=dict(num_classes='auto'),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=60, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=60)
val_cfg = None
val_evaluator = None
