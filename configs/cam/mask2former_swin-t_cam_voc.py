_base_ = [
    '../_base_/models/mask2former_swin-t.py',
    '../_base_/datasets/voc_masks.py',
    '../_base_/segmentation.py',
    '../_base_/schedules/mask2former_80k.py',
    '../_base_/iter_runtime.py',
]

# Total batch 4, as FMA-WSSS trains its segmentor: 2 GPUs.
batch = dict(published=4, at_once=2)
