# The same detector asked for all classes in the validation photos: no image-level labels.
# DATA: voc, coco.
_base_ = './gdino_tag.py'

model = dict(captions='all')
test_dataloader = dict(
    dataset=dict(split='val', data_prefix={{_base_.val_dataloader.dataset.data_prefix}})
)
