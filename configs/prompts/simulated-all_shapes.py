# The same detector asked for all classes of the validation photos: no image-level labels.
_base_ = './simulated-tag_shapes.py'

model = dict(captions='all')
test_dataloader = dict(dataset=dict(split='val'))
