# ICAM's extended training, second round: PMM's PSPNet on Res2Net-101 with cross entropy, on the
# cyclic masks that a network of the first round (pspnet_r2n101-pus_icam_voc.py) predicts. Published
# on eight GPUs with two photos each.
_base_ = [
    '../_base_/models/pspnet_r2n101.py',
    '../_base_/datasets/voc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/pmm_20k.py',
    '../_base_/iter_runtime.py',
]

_ratios = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
tta_pipeline = [
    dict(type='LoadImage'),
    dict(
        type='mmseg.TestTimeAug',
        transforms=[
            [
                dict(type='mmseg.Resize', scale=(int(2048 * r), int(512 * r)), keep_ratio=True)
                for r in _ratios
            ],
            [
                dict(type='mmseg.RandomFlip', prob=0.0, direction='horizontal'),
                dict(type='mmseg.RandomFlip', prob=1.0, direction='horizontal'),
            ],
            [dict(type='PackTagged')],
        ],
    ),
]
batch = dict(published=16, at_once=2)
train_dataloader = dict(dataset=dict(store='work_dirs/icam_extended_voc_recipe/cyclic/masks'))
# The checkpoint that is best on val is taken, as published.
default_hooks = dict(checkpoint=dict(save_best='seg/mIoU', rule='greater'))
test_evaluator = [
    dict(type='MaskMetric', prefix='seg', absent='zero'),
    dict(type='ContourMetric', absent='one'),
]
