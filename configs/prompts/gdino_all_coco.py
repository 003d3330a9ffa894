# The same detector asked for all classes in the validation photos: no image-level labels.
_base_ = './gdino_tag_coco.py'

model = dict(captions='all')
test_dataloader = dict(
    dataset=dict(split='val', data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'))
)
