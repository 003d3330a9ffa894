# Co2SAM on the built-in data set with a tiny SAM and a simulated detector:
# python tools/pipeline.py configs/co2sam/co2sam_shapes_recipe.py
# `val` beside `val_sam`, the SAM that training starts from, says what the adaptation is worth;
# `val_oracle` uses the image-level labels of the photos it is scored on.
_TRAIN = 'train_dataloader.dataset.pipeline.LoadPrompts.store'
_VAL = 'val_dataloader.dataset.pipeline.LoadPrompts.store'
_TEST = 'test_dataloader.dataset.pipeline.LoadPrompts.store'
_SAM = {'model.sam.checkpoint': 'sam.checkpoint'}

variables = dict(SHAPES_ROOT='data/shapes', SHAPES_OTHER_ROOT='data/shapes_other')

recipe = dict(
    # With the masks of classes that the photos below do not show.
    sam=dict(config='sam_vit-tiny_shapes.py', action='train'),
    prompts_train=dict(config='../prompts/simulated-tag_shapes.py', action='test'),
    prompts_val=dict(config='../prompts/simulated-all_shapes.py', action='test'),
    co2sam=dict(
        config='co2sam_sam-tiny_shapes.py',
        action='train',
        inputs={**_SAM, _TRAIN: 'prompts_train.prompts', _VAL: 'prompts_val.prompts'},
    ),
    val_sam=dict(
        config='co2sam_sam-tiny_shapes.py',
        action='test',
        inputs={**_SAM, _TEST: 'prompts_val.prompts'},
        cfg_options={'model.test_cfg.adapted': False},
    ),
    val=dict(
        config='co2sam_sam-tiny_shapes.py',
        action='test',
        inputs={**_SAM, 'load_from': 'co2sam.checkpoint', _TEST: 'prompts_val.prompts'},
    ),
    val_oracle=dict(
        like='val',
        cfg_options={'model.test_cfg.oracle_tags': True, 'test_evaluator.prefix': 'oracle_tags'},
    ),
    # Masks of the training photos, whose labels are known: boxes were asked for by them.
    masks_train=dict(
        like='val',
        inputs={_TEST: 'prompts_train.prompts'},
        cfg_options={'test_dataloader.dataset.split': 'train'},
    ),
    segmentor=dict(
        config='deeplabv3plus_r18_co2sam_shapes.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks_train.masks'},
    ),
    predict_val=dict(
        config='deeplabv3plus_r18_co2sam_shapes.py',
        action='test',
        inputs={'load_from': 'segmentor.checkpoint'},
        cfg_options={'test_dataloader.dataset.split': 'val'},
    ),
)
