# S2C on VOC 2012 with a Mask2Former as segmentor; with --work-dir work_dirs/s2c_voc_recipe it takes
# over what that recipe has done already:
# python tools/pipeline.py configs/s2c/s2c_mask2former_voc_recipe.py --set VOC_ROOT=...
_base_ = './s2c_voc_recipe.py'

_CONFIG = 'mask2former_swin-l_s2c_voc.py'
_names = [stage.name for stage in _base_.recipe]

recipe = [
    *_base_.recipe[: _names.index('segmentor')],
    dict(
        name='mask2former',
        config=_CONFIG,
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
    ),
    dict(
        name='predict_mask2former',
        config=_CONFIG,
        action='test',
        inputs={'load_from': 'mask2former.checkpoint'},
    ),
]

# Photos of VOC's test server, which have neither tags nor masks (docs/how_to/voc_test_server.md):
# --set TEST_LIST=test, or a file of ids below VOC_ROOT.
_TEST_LIST = '{{$TEST_LIST:none}}'
if _TEST_LIST != 'none':
    recipe.append(
        dict(
            name='predict_test_mask2former',
            like='predict_mask2former',
            cfg_options={
                'test_dataloader.dataset.split': None,
                'test_dataloader.dataset.ann_file': _TEST_LIST,
                'test_dataloader.dataset.data_prefix.seg_map_path': '',
            },
        )
    )
report = dict(title='S2C and Mask2Former on VOC 2012', predictions='predict_mask2former.masks')
