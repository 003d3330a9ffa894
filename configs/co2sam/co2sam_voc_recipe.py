# Co2SAM without the quirks, from photos to maps and a second stage:
# python tools/pipeline.py configs/co2sam/co2sam_voc_recipe.py
# `val` is the honest number; `val_oracle` uses the image-level labels of the photos that it is
# scored on.
_base_ = '../_base_/recipes/voc_test.py'

_TRAIN_PROMPTS = 'train_dataloader.dataset.pipeline.LoadPrompts.store'
_VAL_PROMPTS = 'val_dataloader.dataset.pipeline.LoadPrompts.store'
_TEST_PROMPTS = 'test_dataloader.dataset.pipeline.LoadPrompts.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    SAM_CHECKPOINT='checkpoints/sam_vit_b_01ec64.pth',
    GDINO_CHECKPOINT='checkpoints/groundingdino_swinb_cogcoor_mmdet-55949c9c.pth',
    BERT_FOLDER='checkpoints/bert-base-uncased',
)

recipe = dict(
    prompts_train=dict(config='../prompts/gdino_tag.py', action='test'),
    prompts_val=dict(config='../prompts/gdino_all.py', action='test'),
    co2sam=dict(
        config='co2sam_sam-b_fixed_{data}.py',
        action='train',
        inputs={_TRAIN_PROMPTS: 'prompts_train.prompts', _VAL_PROMPTS: 'prompts_val.prompts'},
    ),
    val=dict(
        config='co2sam_sam-b_fixed_{data}.py',
        action='test',
        inputs={'load_from': 'co2sam.checkpoint', _TEST_PROMPTS: 'prompts_val.prompts'},
    ),
    val_oracle=dict(
        like='val',
        cfg_options={'model.test_cfg.oracle_tags': True, 'test_evaluator.prefix': 'oracle_tags'},
    ),
    # Masks of the training photos, whose labels are known: boxes were asked for by them.
    masks_train=dict(
        config='co2sam_sam-b_fixed_{data}.py',
        action='test',
        inputs={'load_from': 'co2sam.checkpoint', _TEST_PROMPTS: 'prompts_train.prompts'},
        cfg_options={'test_dataloader.dataset.split': 'train_aug'},
    ),
    segmentor=dict(
        config='deeplabv2_r101_co2sam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks_train.masks'},
    ),
    segmentor_val=dict(
        config='deeplabv2_r101_co2sam_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
)
if _base_._TEST:  # --set TEST_LIST=test: photos of VOC's test server
    recipe.update(
        # Co2SAM itself, asked for all classes; and its second stage.
        prompts_test=dict(like='prompts_val', cfg_options=_base_._TEST),
        co2sam_test=dict(
            like='val', inputs={_TEST_PROMPTS: 'prompts_test.prompts'}, cfg_options=_base_._TEST
        ),
        predict_test=dict(like='segmentor_val', cfg_options=_base_._TEST),
    )
