# Masks of the val photos from several scales and mirrored views: what tools/test.py --tta does, as
# a stage of a recipe.
_base_ = './deeplabv3plus_lite0_cam_voc.py'

model = dict(_delete_=True, type='mmseg.SegTTAModel', module={{_base_.model}})
test_dataloader = dict(dataset=dict(pipeline={{_base_.tta_pipeline}}))
