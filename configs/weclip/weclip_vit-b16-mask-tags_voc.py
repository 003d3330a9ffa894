# As published: the tags are those of the ground-truth masks, of the whole photo.
_base_ = './weclip_vit-b16_voc.py'

train_dataloader = dict(dataset=dict(tags=dict(source='masks', path='SegmentationClassAug')))
