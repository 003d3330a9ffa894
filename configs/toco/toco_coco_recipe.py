# ToCo without the quirks of the release: one training, then the segmentation of the validation
# photos with and without CRF, and seeds of the training photos:
# python tools/pipeline.py configs/toco/toco_coco_recipe.py --set COCO_ROOT=DIR
_base_ = './toco_voc_recipe.py'

_DATA = 'test_dataloader.dataset'

data = 'coco'
variables = dict(_delete_=True, COCO_ROOT='data/coco', VIT_CHECKPOINT='checkpoints/vit_base.pth')
recipe = dict(
    crf_val=dict(
        cfg_options={
            f'{_DATA}.data_prefix.img_path': 'val2014',
            f'{_DATA}.data_prefix.seg_map_path': 'masks/val2014',
        }
    ),
    seeds_train=dict(
        cfg_options={
            f'{_DATA}.split': 'train',
            f'{_DATA}.data_prefix.img_path': 'train2014',
            f'{_DATA}.data_prefix.seg_map_path': 'masks/train2014',
        }
    ),
    predict_test=None,
    scores_test=None,
    crf_test=None,
)
