# Co2SAM without the quirks, from photos to maps and a second stage:
# python tools/pipeline.py configs/co2sam/co2sam_voc_recipe.py
# `val` is the honest number; `val_oracle` uses the image-level labels of the photos that it is
# scored on.
_TRAIN = 'train_dataloader.dataset.pipeline.LoadPrompts.store'
_VAL = 'val_dataloader.dataset.pipeline.LoadPrompts.store'
_TEST_PROMPTS = 'test_dataloader.dataset.pipeline.LoadPrompts.store'

data = 'voc'
variables = dict(
    VOC_ROOT='data/VOCdevkit/VOC2012',
    SAM_CHECKPOINT='checkpoints/sam_vit_b_01ec64.pth',
    GDINO_CHECKPOINT='checkpoints/groundingdino_swinb_cogcoor_mmdet-55949c9c.pth',
    BERT_FOLDER='checkpoints/bert-base-uncased',
    TEST_LIST='none',
)

recipe = [
    dict(name='prompts_train', config='../prompts/gdino_tag.py', action='test'),
    dict(name='prompts_val', config='../prompts/gdino_all.py', action='test'),
    dict(
        name='co2sam',
        config='co2sam_sam-b_fixed_voc.py',
        action='train',
        inputs={_TRAIN: 'prompts_train.prompts', _VAL: 'prompts_val.prompts'},
    ),
    dict(
        name='val',
        config='co2sam_sam-b_fixed_voc.py',
        action='test',
        inputs={'load_from': 'co2sam.checkpoint', _TEST_PROMPTS: 'prompts_val.prompts'},
    ),
    dict(
        name='val_oracle',
        like='val',
        cfg_options={
            'model.test_cfg.oracle_tags': True,
            'test_evaluator.prefix': 'oracle_tags',
        },
    ),
    # Masks of the training photos, whose labels are known: boxes were asked for by them.
    dict(
        name='masks_train',
        config='co2sam_sam-b_fixed_voc.py',
        action='test',
        inputs={'load_from': 'co2sam.checkpoint', _TEST_PROMPTS: 'prompts_train.prompts'},
        cfg_options={'test_dataloader.dataset.split': 'train_aug'},
    ),
    dict(
        name='segmentor',
        config='deeplabv2_r101_co2sam_voc.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks_train.masks'},
    ),
    dict(
        name='segmentor_val',
        config='deeplabv2_r101_co2sam_voc.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
    ),
]

# Photos of VOC's test server, which have neither tags nor masks (docs/how_to/voc_test_server.md):
# --set TEST_LIST=test, or a file of ids below VOC_ROOT.
_TEST_LIST = '{{$TEST_LIST:none}}'
_TEST = {
    'test_dataloader.dataset.split': None,
    'test_dataloader.dataset.ann_file': _TEST_LIST,
    'test_dataloader.dataset.data_prefix.seg_map_path': '',
}
if _TEST_LIST != 'none':
    recipe += [
        # Co2SAM itself, asked for all classes; and its second stage.
        dict(name='prompts_test', like='prompts_val', cfg_options=_TEST),
        dict(
            name='co2sam_test',
            like='val',
            inputs={_TEST_PROMPTS: 'prompts_test.prompts'},
            cfg_options=_TEST,
        ),
        dict(name='predict_test', like='segmentor_val', cfg_options=_TEST),
    ]
