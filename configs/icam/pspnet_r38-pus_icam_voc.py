# ICAM's extended training on ResNet-38d, first round.
_base_ = './pspnet_r38_icam_voc.py'

_pus = dict(type='PretendedUnderFittingLoss', beta=0.5, k=0.5, _delete_=True)
model = dict(
    decode_head=dict(loss_decode=_pus),
    auxiliary_head=dict(loss_decode=dict(_pus, loss_weight=0.4)),
)
_masks = '{{$WALKED_MASKS:work_dirs/icam_voc_recipe/walk_train/masks}}'
train_dataloader = dict(dataset=dict(store=_masks))
