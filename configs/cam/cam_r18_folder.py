# Photos of one's own (see the data set's base) with a ResNet-18. Environment: FOLDER_ROOT, and
# R18_WEIGHTS, a file of its weights (R18_PREFIX: what stands before their names, e.g. 'backbone.');
# without it, training starts from scratch, which takes some hundred photos of each class.
# cam_lite0_folder.py needs no file.
_base_ = [
    '../_base_/datasets/folder.py',
    '../_base_/seeds.py',
    '../_base_/schedules/adamw.py',
    '../_base_/default_runtime.py',
]

weights = '{{$R18_WEIGHTS:none}}'
prefix = '{{$R18_PREFIX:none}}'
pretrained = weights != 'none'

model = dict(
    type='CAMGenerator',
    data_preprocessor=dict(type='WSSSDataPreprocessor'),
    backbone=dict(
        type='mmpretrain.ResNet',
        depth=18,
        strides=(1, 2, 2, 1),
        out_indices=(3,),
        frozen_stages=1 if pretrained else -1,
        norm_eval=pretrained,
    ),
    head=dict(type='CAMHead', in_channels=512, num_classes='auto'),
    test_cfg=dict(flip=True, fuse='s2c', max_side=640),
)
if pretrained:
    model['backbone']['init_cfg'] = dict(
        type='Pretrained', checkpoint=weights, prefix=None if prefix == 'none' else prefix
    )

# A folder may have no masks.
val_evaluator = dict(_delete_=True, type='TagMetric')

# A tenth of the rate keeps what pretrained layers know.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.1 if pretrained else 1.0)})
)
