# Co2SAM without the quirks, from photos to maps:
# python tools/pipeline.py configs/co2sam/co2sam_coco_recipe.py
# `val` is the honest number; `val_oracle` uses the image-level labels of the photos that it is
# scored on.
_base_ = './co2sam_voc_recipe.py'

data = 'coco'
variables = dict(
    _delete_=True,
    COCO_ROOT='data/coco',
    SAM_CHECKPOINT='checkpoints/sam_vit_b_01ec64.pth',
    GDINO_CHECKPOINT='checkpoints/groundingdino_swinb_cogcoor_mmdet-55949c9c.pth',
    BERT_FOLDER='checkpoints/bert-base-uncased',
)

recipe = dict(
    masks_train=dict(
        cfg_options={
            'test_dataloader.dataset.split': 'train',
            'test_dataloader.dataset.data_prefix.img_path': 'train2014',
            'test_dataloader.dataset.data_prefix.seg_map_path': 'masks/train2014',
        }
    ),
    # No second stage here.
    segmentor=None,
    segmentor_val=None,
    prompts_test=None,
    co2sam_test=None,
    predict_test=None,
)
