# The same detector asked for all classes in the validation photos: no image-level labels.
_base_ = './gdino_tag_voc.py'

model = dict(captions='all')
test_dataloader = dict(dataset=dict(split='val'))
