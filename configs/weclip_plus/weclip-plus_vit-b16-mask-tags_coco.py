# As published: the tags are those of the ground-truth masks, of the whole photo.
_base_ = './weclip-plus_vit-b16_coco.py'

train_dataloader = dict(dataset=dict(tags=dict(source='masks', path='masks/train2014')))
