# ICAM on COCO 2017, stage by stage as in the release: CAM network, AffinityNet, DeepLab-v1; each is
# scored on val and on train by mIoU and contour F. Masks and tags come from
# tools/dataset_converters/coco_to_masks.py --rule icam (see README.md). A GPU:
# python tools/pipeline.py configs/icam/icam_coco17_recipe.py --set COCO_ROOT=data/coco
_base_ = './icam_coco_recipe.py'

_DATA = 'test_dataloader.dataset'
_VAL = {
    f'{_DATA}.split': 'val',
    f'{_DATA}.tags.path': 'icam/labels_val2017.txt',
    f'{_DATA}.data_prefix.img_path': 'val2017',
    f'{_DATA}.data_prefix.seg_map_path': 'icam/masks_val2017',
}
_TRAIN = {
    f'{_DATA}.split': 'train',
    f'{_DATA}.tags.path': 'icam/labels_train2017.txt',
    f'{_DATA}.data_prefix.img_path': 'train2017',
    f'{_DATA}.data_prefix.seg_map_path': 'icam/masks_train2017',
}

data = 'coco17_icam'
recipe = dict(
    cam=dict(config='icam_r38_coco17.py'),
    seeds_val=dict(config='icam_r38_coco17.py', cfg_options=_VAL),
    seeds_train=dict(config='icam_r38_coco17.py'),
    aff=dict(config='psa_r38_icam_coco17.py'),
    walk_val=dict(config='psa_r38_icam_coco17.py', cfg_options=_VAL),
    walk_train=dict(config='psa_r38_icam_coco17.py'),
    final=dict(config='largefov_r38_icam_coco17.py'),
    scores_val=dict(config='largefov_r38-scores_icam_coco17.py', cfg_options=_VAL),
    final_val=dict(cfg_options=_VAL),
    scores_train=dict(cfg_options=_TRAIN),
    final_train=dict(cfg_options=_TRAIN),
)
report = dict(title='ICAM on COCO 2017')
